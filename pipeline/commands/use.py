"""The command `agelens use`."""

import shutil
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from agelens.data_prep.core.errors import ParamsError


def use(
    name: Annotated[
        str, typer.Argument(help="Name of a file in params/, without .yaml, such as demo.", show_default=False)
    ],
) -> None:
    """Select a configuration: copy params/NAME.yaml to params.yaml.

    Changes to params.yaml that are not committed are never overwritten.
    """
    source, target = Path("params") / f"{name}.yaml", Path("params.yaml")
    if not source.is_file():
        known = ", ".join(sorted(path.stem for path in Path("params").glob("*.yaml")))
        msg = f"There is no {source}. " + (f"Available: {known}." if known else "Run it in a checkout of agelens.")
        raise ParamsError(msg)
    if target.is_file() and not _is_copy(target) and _has_uncommitted_changes(target):
        msg = f"{target} has changes that are not committed. Commit them, or move the file away."
        raise ParamsError(msg)
    shutil.copyfile(source, target)
    typer.echo(f"params.yaml is now {source}; run `dvc repro`.")


def _is_copy(target: Path) -> bool:
    """Return whether params.yaml is an unchanged copy of a file in params/."""
    content = target.read_bytes()
    return any(path.read_bytes() == content for path in Path("params").glob("*.yaml"))


def _has_uncommitted_changes(target: Path) -> bool:
    """Return whether a file differs from the last commit; True if git is not installed or this is not a repository."""
    if shutil.which("git") is None:
        return True
    status = subprocess.run(
        ["git", "status", "--porcelain", "--", str(target)], capture_output=True, text=True, check=False
    )
    return status.returncode != 0 or bool(status.stdout.strip())
