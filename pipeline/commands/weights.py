"""The commands `agelens weights`."""

from typing import Annotated

import typer

weights_app = typer.Typer(help="Published weights to train from: list, fetch, verify.", no_args_is_help=True)


@weights_app.command("list")
def list_weights() -> None:
    """List the published files that the project knows, their licences and which are here."""
    from agelens.pipeline.commands.weights_table import print_weights  # noqa: PLC0415

    print_weights()


@weights_app.command("fetch")
def fetch(names: Annotated[list[str], typer.Argument(help="Names from `agelens weights list`.")]) -> None:
    """Download and verify published files; training does so itself for what it needs."""
    from agelens.weights.fetch import fetch_weights  # noqa: PLC0415

    for name in names:
        typer.echo(str(fetch_weights(name, progress=True)))


@weights_app.command("verify")
def verify() -> None:
    """Verify the files that are here, fetched and embedded; the exit status is 1 if one is not what it must be."""
    from agelens.weights.fetch import verify_weights  # noqa: PLC0415
    from agelens.weights.integrity import verify_embedded  # noqa: PLC0415
    from agelens.weights.registry import REGISTRY  # noqa: PLC0415

    published = {name: verify_weights(name) for name in REGISTRY}
    embedded = {f"embedded/{name}": state for name, state in verify_embedded().items()}
    for name, state in (published | embedded).items():
        typer.echo(f"{name}: {state}")
    if "tampered" in published.values() or set(embedded.values()) != {"ok"}:
        raise typer.Exit(1)


@weights_app.command("record")
def record() -> None:
    """Record the hashes of the embedded files, after you have exchanged them on purpose."""
    from agelens.weights.integrity import record_hashes  # noqa: PLC0415

    typer.echo(str(record_hashes()))
