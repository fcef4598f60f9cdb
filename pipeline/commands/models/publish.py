"""The command `agelens publish`."""

from pathlib import Path
from typing import Annotated

import typer


def publish(
    repository: Annotated[str, typer.Argument(help="Repository on the Hugging Face Hub, owner/name.")],
    model: Annotated[
        str,
        typer.Option(help="Folder of an exported model, or `bundled`."),
    ] = "weights/exported",
    to: Annotated[Path, typer.Option(help="Folder in which the repository is written.")] = Path("published"),
    licence: Annotated[
        Path | None,
        typer.Option(help="Text of the model's licence, which becomes LICENSE.", show_default=False),
    ] = None,
    revision: Annotated[str, typer.Option(help="Branch to push to.")] = "main",
    private: Annotated[bool, typer.Option("--private", help="Create a private repository.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write the folder, and push nothing.")] = False,
) -> None:
    """Publish a model on the Hugging Face Hub, where others load it with `--model hf://owner/name`.

    The folder gets the model, a page from its metrics with the hub's metadata, its licence and the SHA-256 of each
    file. Photographs are never part of it; `training_hashes.txt` has short hashes of training crops, by which agelens
    recognises photographs that the model was trained on.

    Example: `agelens publish anna/faces-2026 --dry-run`, read published/README.md, then the same without --dry-run.
    """
    from agelens.data_prep.core.errors import WeightsError  # noqa: PLC0415
    from agelens.models.hub.address import SCHEME, HubAddress  # noqa: PLC0415
    from agelens.models.hub.locate import locate_model  # noqa: PLC0415
    from agelens.models.hub.publish import push_repository, write_repository  # noqa: PLC0415
    from agelens.models.serving.model_card import ModelCard  # noqa: PLC0415
    from agelens.pipeline.extras import has_extra  # noqa: PLC0415
    from agelens.pipeline.prediction.text import printable  # noqa: PLC0415
    from agelens.weights.licence import age_model_licence  # noqa: PLC0415

    if not has_extra("hub"):
        msg = "agelens publish needs: pip install 'agelens[hub]'"
        raise WeightsError(msg)
    address = HubAddress.parse(f"{SCHEME}{repository}@{revision}")
    bundled = model == "bundled"
    folder = locate_model(None if bundled else model)
    licence = licence or (age_model_licence() if bundled else None)
    pinned = write_repository(folder, to, address=address, licence=licence)
    typer.echo(f"written to {printable(str(to))}", err=True)
    if not dry_run:
        pinned = push_repository(to, pinned, private=private, message=f"Publish {ModelCard.read(to).name}")
        typer.echo(f"published; load it with --model {pinned}", err=True)
    typer.echo(str(pinned))
