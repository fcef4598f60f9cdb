"""The command `agelens clean`."""

import shutil
from pathlib import Path
from typing import Annotated

import typer


def clean(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be removed.")] = False,
    runs: Annotated[bool, typer.Option("--runs", help="Also remove the W&B runs in wandb/.")] = False,
    cache: Annotated[bool, typer.Option("--cache", help="Also remove DVC's cache of tables and models.")] = False,
    models: Annotated[bool, typer.Option("--models", help="Also remove the trained and the exported network.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before removing.")] = False,
) -> None:
    """Remove what a run has stored about people: crops, features, tables, reports.

    Raw data, params.yaml and bundled weights are never removed. docs/privacy.md says what is kept where and how long.
    """
    from agelens.pipeline.config.paths import Paths  # noqa: PLC0415
    from agelens.pipeline.config.project_lock import project_lock  # noqa: PLC0415
    from agelens.pipeline.config.stored_data import STORED_DATA  # noqa: PLC0415

    paths = Paths()
    chosen = {"data", *(["runs"] * runs), *(["cache"] * cache), *(["models"] * models)}
    found = {
        stored: files for stored in STORED_DATA if stored.kind in chosen and (files := list(stored.files(paths.root)))
    }
    for stored, files in found.items():
        size = sum(file.lstat().st_size for file in files)
        typer.echo(f"{stored.pattern:18} {len(files):>7,} files {size / 1e6:>9,.1f} MB  {stored.content}")
    if not found:
        typer.echo("nothing is stored")
        return
    if dry_run:
        return
    if not yes:
        typer.confirm("Remove these files?", abort=True)
    with project_lock(paths):
        for stored in found:
            for path in list(paths.root.glob(stored.pattern)):
                _remove(path)
    typer.echo("removed")


def _remove(path: Path) -> None:
    """Remove a file, a folder, or a link but not what it leads to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
