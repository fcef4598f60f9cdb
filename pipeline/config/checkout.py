"""The checkout that a queued experiment belongs to.

`dvc exp run --queue` and `--temp` run stages in a temporary clone below `.dvc/tmp/exps/` of the checkout. A clone has
only what git and DVC's cache have: raw photographs are in neither.
"""

import os
import shutil
from pathlib import Path

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.config.params import Params

LINKED = ("data/crops", "data/features")
"""Folders of caches whose files are only ever replaced, so that a clone may share them by hard links."""

COPIED = ("data/crops_journal.jsonl", "data/tune", "data/compared_runs")
"""Files from which stages resume, and runs that a report compares with: stages change them in place."""

EXPERIMENTS = Path(".dvc/tmp/exps")
"""Where DVC makes the temporary clones of a checkout."""


def main_checkout(root: Path) -> Path:
    """Return the checkout of which `root` is a temporary clone, as DVC names it in `DVC_ROOT`; else `root` itself."""
    main = Path(os.environ.get("DVC_ROOT") or root)
    return main if (main / EXPERIMENTS).resolve() in root.resolve().parents else root


def link_raw_files(params: Params, root: Path) -> None:
    """Link what a temporary clone lacks to the checkout: sources and a weights file that params.yaml names.

    Paths in tables stay as they are configured, so that the tables of an experiment are those of the checkout. Only
    relative paths that the checkout has are linked; a missing source is an error of its reader.

    Raises:
        ParamsError: A relative path leads out of the checkout, where the clone has another neighbour.
    """
    main = main_checkout(root)
    if main == root:
        return
    named = [("model.weights", Path(params.model.weights))]
    for name, source in params.sources.items():
        named += [(f"sources.{name}.path", source.path)]
        named += [(f"sources.{name}.links_into", path) for path in source.links_into]
    for key, path in named:
        wanted, link = main / path, root / path
        if path.is_absolute() or link.exists() or not wanted.exists():
            continue
        if ".." in path.parts:
            msg = f"{key} must be an absolute path, or inside the checkout, for a queued experiment. Received: {path}."
            raise ParamsError(msg)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(wanted.resolve(), target_is_directory=wanted.is_dir())


def adopt_caches(root: Path) -> None:
    """Give a temporary clone the crops, features and searches of the checkout, so that it computes only what changes.

    What the clone has is left as it is. The checkout's files never change.
    """
    main = main_checkout(root)
    if main == root:
        return
    for name in (*LINKED, *COPIED):
        there, here = main / name, root / name
        if here.exists() or not there.exists():
            continue
        here.parent.mkdir(parents=True, exist_ok=True)
        if there.is_dir():
            shutil.copytree(there, here, copy_function=_link if name in LINKED else shutil.copy2)
        else:
            shutil.copy2(there, here)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)
