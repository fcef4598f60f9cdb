"""The commands `agelens weights`."""

from typing import Annotated

import typer

weights_app = typer.Typer(
    help="Published and bundled weights: list, download, verify.", no_args_is_help=True, rich_markup_mode="markdown"
)


@weights_app.command("list")
def list_weights() -> None:
    """List published files of weights, their licences and whether they are present."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from agelens.weights.fetch import pretrained_folder, verify_weights  # noqa: PLC0415
    from agelens.weights.registry import REGISTRY  # noqa: PLC0415

    console = Console()
    for entry in REGISTRY.values():
        console.print(f"[bold]{entry.name}[/]: {verify_weights(entry.name)}", highlight=False)
        details = Table.grid(padding=(0, 2))
        for title, text in (("file", entry.file), ("licence", entry.licence), ("figures", entry.figures)):
            details.add_row(f"  {title}", text)
        console.print(details)
    console.print(f"folder: {pretrained_folder()}", style="dim", soft_wrap=True)


@weights_app.command("fetch")
def fetch(names: Annotated[list[str], typer.Argument(help="Names from `agelens weights list`.")]) -> None:
    """Download and verify published files. Training downloads the files that it needs by itself."""
    from agelens.weights.fetch import fetch_weights  # noqa: PLC0415

    for name in names:
        typer.echo(str(fetch_weights(name, progress=True)))


@weights_app.command("verify")
def verify() -> None:
    """Verify downloaded and bundled files; the exit status is 1 if a hash does not match."""
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
    """Record the hashes of the bundled files after replacing one on purpose."""
    from agelens.weights.integrity import record_hashes  # noqa: PLC0415

    typer.echo(str(record_hashes()))
