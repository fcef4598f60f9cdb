"""From the arguments of `agelens predict` to photographs: files, folders, patterns and the standard input."""

import glob
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agelens.data_prep.core.decoding.files import is_image
from agelens.data_prep.core.images import IMAGE_SUFFIXES, MAX_BYTES, find_images
from agelens.data_prep.sources.remote import is_address
from agelens.pipeline.prediction.text import decoded, pluralise, printable

STANDARD_INPUT = "-"

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://?.")
"""An address such as https://host/photo.jpg, also after a path library has joined its slashes."""


@dataclass(frozen=True)
class Photograph:
    """One photograph of a run.

    Args:
        path: The file.
        name: As it is shown.
        error: Why it cannot be read, where that is known before reading.
        address: Where it is, if it is no file.
    """

    path: Path
    name: str
    error: str = ""
    address: str = ""

    @property
    def source(self) -> str:
        """The address or the path."""
        return self.address or str(self.path)


@contextmanager
def open_photographs(words: Sequence[str], *, addresses: bool = False) -> Iterator[tuple[list[Photograph], list[Path]]]:
    """Yield the photographs among the arguments, and the folders among them.

    A word is a file, a folder, a quoted pattern such as `album/**/*.jpg`, or `-`. On the standard input, `-` takes one
    image, which is a temporary file inside the block, or a list of files, one per line or separated by NUL. With
    `addresses`, words and lines may also be addresses such as `s3://bucket/photo.jpg`.
    """
    with tempfile.TemporaryDirectory(prefix="agelens-") as folder:
        photographs: list[Photograph] = []
        folders: list[Path] = []
        for word in words:
            for name in _read_standard_input(Path(folder)) if word == STANDARD_INPUT else [word]:
                found = [name] if isinstance(name, Photograph) else expand(name, addresses=addresses)
                photographs += found
                if isinstance(name, str) and Path(name).is_dir():
                    folders.append(Path(name))
        yield photographs, folders


def expand(word: str, *, addresses: bool = False) -> list[Photograph]:
    """Return the photographs that one argument names: itself, those in a folder, or those that match a pattern.

    A word that names nothing is returned with an error.
    """
    path = Path(word)
    if os.path.lexists(path):
        return _in_folder(path) if path.is_dir() else [_named(path)]
    if addresses and is_address(word):
        return [Photograph(path, decoded(word), address=word)]
    if ADDRESS.match(word):
        error = "address: photographs are read from files; download it, for example with curl -O, and name the file"
        return [Photograph(path, re.sub(":/+", "://", decoded(word), count=1), error)]
    if not glob.has_magic(word):
        return [_named(path)]
    names = sorted(glob.glob(word, recursive=True))  # noqa: PTH207  Path.glob takes no absolute pattern
    matches = [Path(name) for name in names]
    files = [photo for match in matches for photo in (_in_folder(match) if match.is_dir() else [_named(match)])]
    return list(dict.fromkeys(files)) or [Photograph(path, decoded(word), "missing: no file matches the pattern")]


def describe_skipped(folders: Sequence[Path]) -> list[str]:
    """Return one line about files in folders that are not images, by suffix, and one about links out of a folder."""
    suffixes = Counter(path.suffix.lower() for path in {path for folder in folders for path in _skipped_in(folder)})
    links = sum(suffixes.pop(suffix, 0) for suffix in IMAGE_SUFFIXES)
    kinds = ", ".join(
        f"{count} {printable(suffix) if suffix else 'without suffix'}" for suffix, count in suffixes.items()
    )
    lines = {
        f"skipped {pluralise(suffixes.total(), 'file')} that cannot be read as images ({kinds})": suffixes.total(),
        f"skipped {pluralise(links, 'link')} to files outside of the folder": links,
    }
    return [line for line, count in lines.items() if count]


def _named(path: Path) -> Photograph:
    return Photograph(path, decoded(path))


def _in_folder(folder: Path) -> list[Photograph]:
    found = [_named(path) for path in find_images(folder)]
    return found or [Photograph(folder, decoded(folder), "no_images: the folder contains no images")]


def _skipped_in(folder: Path) -> set[Path]:
    """Return the files in a folder that are not read."""
    files = {Path(parent) / name for parent, _, names in os.walk(folder) for name in names}
    return files - set(find_images(folder))


def _read_standard_input(folder: Path) -> list[Photograph | str]:
    """Return one photograph, stored in a folder, or the names in a list."""
    content = sys.stdin.buffer.read(MAX_BYTES + 1)
    if is_image(content) or any(byte < 32 and byte not in b"\n\r\t\0" for byte in content[:4096]):
        path = folder / f"stdin{len(list(folder.iterdir())) or ''}"
        path.write_bytes(content)
        return [Photograph(path, STANDARD_INPUT)]
    lines = content.split(b"\0") if b"\0" in content else content.splitlines()
    names: list[Photograph | str] = [os.fsdecode(line) for line in lines if line.strip()]
    return names or [Photograph(Path(STANDARD_INPUT), STANDARD_INPUT, "empty_file: 0 bytes on the standard input")]
