"""A small file system in memory that is full after some bytes."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.faults.artefacts import Command
from benchmarks.faults.cells import Cell, cell_of_disk
from benchmarks.faults.project import Project, copy_project
from benchmarks.faults.undisturbed import Undisturbed

LARGE = 512 << 20
PAGE = 4096
SHARES = (0.0, 0.4, 0.8)
"""Of the space that a command needs: what it gets."""


def reason_against() -> str:
    """Return why no file system can be mounted here; nothing if it can."""
    if os.geteuid():
        return "only root can mount a file system: run it as `unshare -rm make soak`"
    asked = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False)
    return asked.stderr.decode().strip() if asked.returncode else ""


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """Mount an empty file system while the block runs."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={LARGE}", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)  # processes of a chart library may still end


def resize(folder: Path, *, size: int) -> None:
    """Change the size of a mounted file system, in bytes."""
    subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)


def used(folder: Path) -> int:
    """Return the bytes that a file system uses."""
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


def try_full_disk(source: Project, folder: Path, command: Command, undisturbed: Undisturbed) -> list[Cell]:
    """Run a command with several shares of the space that it needs, and again when there is space.

    Args:
        source: A project.
        folder: Where the file system is mounted.
        command: What is run.
        undisturbed: The same where there is space.
    """
    cells = []
    with mounted(folder):
        project = copy_project(source, folder)
        needed = _needed(project, command, undisturbed)
        for share in SHARES:
            project.set_to(undisturbed.base)
            free = int(needed * share) // PAGE * PAGE
            resize(folder, size=used(folder) + free)
            ran = project.run(command)
            resize(folder, size=LARGE)
            cells.append(cell_of_disk(project, command, undisturbed, ran, target=f"{free >> 10} of {needed >> 10} KiB"))
    return cells


def _needed(project: Project, command: Command, undisturbed: Undisturbed) -> int:
    project.set_to(undisturbed.base)
    before, most = used(project.root), 0

    def watch() -> None:
        nonlocal most
        most = max(most, used(project.root) - before)

    project.run(command, watch=watch)
    watch()
    return most
