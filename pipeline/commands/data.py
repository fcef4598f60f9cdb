"""The commands `agelens data`."""

import json
from pathlib import Path
from typing import Annotated

import typer

data_app = typer.Typer(
    help="Data sets: draw the synthetic one, look for changed raw files.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


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


@data_app.command()
def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Look for added, removed or changed raw files of all sources, so that `dvc repro` reads them.

    DVC does not watch raw folders. After a change, this command updates `data/raw_files.json`, an output of the stage
    `build_manifest`; DVC then runs that stage again. No photograph is opened.
    """
    from agelens.data_prep.core.atomic import write_json  # noqa: PLC0415
    from agelens.pipeline.commands.project import open_project  # noqa: PLC0415
    from agelens.pipeline.stages.build_manifest import changed_sources, raw_files_of  # noqa: PLC0415

    params, paths = open_project()
    found = {name: files.to_json() for name, files in raw_files_of(params).items()}
    if changed := changed_sources(found, paths):
        write_json(paths.raw_files, found)
    if as_json:
        typer.echo(json.dumps({"sources": found, "changed": changed}))
        return
    for name, files in found.items():
        state = "changed" if name in changed else "unchanged"
        typer.echo(f"{name}: {files['files']:,} files, {int(files['size']) / 1e6:,.1f} MB, {state}")
    typer.echo(f"run `dvc repro` to read {', '.join(changed)}" if changed else "unchanged since the last check")


def warn_of_changed_raw_files() -> None:
    """Say which sources changed since the manifest was made, in a project with settings and raw folders."""
    from agelens.pipeline.commands.project import open_project  # noqa: PLC0415
    from agelens.pipeline.config.paths import Paths  # noqa: PLC0415
    from agelens.pipeline.progress import warn  # noqa: PLC0415
    from agelens.pipeline.stages.build_manifest import changed_sources, raw_files_of  # noqa: PLC0415

    if not (Paths().params.is_file() and Paths().raw_files.is_file()):
        return
    params, paths = open_project()
    if not all(source.path.exists() for source in params.sources.values()):
        return
    found = {name: files.to_json() for name, files in raw_files_of(params).items()}
    if changed := changed_sources(found, paths):
        warn(f"raw files of {', '.join(changed)} have changed; run `agelens data check` and `dvc repro`")
