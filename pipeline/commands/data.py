"""The commands `agelens data`."""

from pathlib import Path
from typing import Annotated

import typer

data_app = typer.Typer(help="Data sets: draw the synthetic one.", no_args_is_help=True, rich_markup_mode="markdown")


@data_app.command()
def synthetic(
    folder: Annotated[Path, typer.Argument(help="Folder to write.")] = Path("data/raw/synthetic"),
    count: Annotated[
        int, typer.Option(help="Number of portraits; some duplicates and broken files are added.", min=10)
    ] = 900,
    seed: Annotated[int, typer.Option(help="Random seed; the same seed draws the same faces.")] = 7,
    size: Annotated[int, typer.Option(help="Side of the images in pixels.", min=64)] = 320,
) -> None:
    """Draw synthetic faces with exact ages, for the demo and for tests."""
    from agelens.data_prep.synthetic.collection import write_synthetic  # noqa: PLC0415
    from agelens.pipeline.progress import progress_bar  # noqa: PLC0415

    with progress_bar("drawing faces", total=count) as advance:
        write_synthetic(folder, count=count, seed=seed, size=size, progress=lambda _: advance(1))
