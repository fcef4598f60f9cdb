"""Annotated copies of photographs, for `agelens predict --draw`."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from agelens.data_prep.core.errors import ImageError, ParamsError
from agelens.data_prep.core.images import encode_jpeg, read_image
from agelens.models.serving.annotation import draw_faces
from agelens.models.serving.predictions import FacePredictions
from agelens.pipeline.prediction.predict import FilePrediction
from agelens.pipeline.prediction.targets import is_any_of
from agelens.pipeline.prediction.text import pluralise, printable

MAX_NAME_BYTES = 255
"""Longest name of a file on the usual file systems."""

JFIF_END = 20
"""Bytes of the first segment of a JPEG, which readers expect at its beginning."""

MARK = b"\xff\xfe\x00\x1aannotated by agelens    "
"""A JPEG comment: 2 bytes of marker, 2 bytes of length, 24 bytes of text. A copy with it may be replaced."""


class AnnotatedCopies:
    """Writes a copy with boxes and ages of every photograph with a face.

    Copies are numbered, because photographs from different folders may have the same name. A file that is no annotated
    copy is never replaced. A failed write is counted, and the first reason is kept.

    Args:
        folder: Is created.
        inputs: Files that must not be replaced.

    Raises:
        ParamsError: The folder cannot be created or written to.
    """

    def __init__(self, folder: Path, *, inputs: Iterable[Path]) -> None:
        self.folder, self.inputs = folder, list(inputs)
        self.written = self.failed = 0
        self.reason = ""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except (OSError, ValueError) as error:
            msg = f"--draw takes a folder that can be written to. Received: {printable(folder)} ({_reason(error)})."
            raise ParamsError(msg) from error

    def write(self, number: int, found: FilePrediction) -> None:
        """Write the copy of one photograph, if it has a face."""
        if not found.faces:
            return
        try:
            image = read_image(found.path)
            faces = FacePredictions(found.faces).scaled(1 / image.reduction)
            content = encode_jpeg(draw_faces(image.pixels, faces))
            self._write(self._free_path(number, found.path.stem), content[:JFIF_END] + MARK + content[JFIF_END:])
            self.written += 1
        except (OSError, ImageError) as error:
            self.failed += 1
            self.reason = self.reason or _reason(error)

    def describe(self) -> str:
        """Return a line about the copies."""
        return f"{pluralise(self.written, 'annotated photograph')} written to {printable(self.folder)}"

    def describe_failed(self) -> str:
        """Return a line about copies that could not be written; empty if there are none."""
        if not self.failed:
            return ""
        copies = pluralise(self.failed, "annotated photograph")
        return f"{copies} could not be written to {printable(self.folder)}: {printable(self.reason)}"

    def _free_path(self, number: int, stem: str) -> Path:
        """Return a path where there is no file, or an earlier copy that is not an input."""
        for attempt in range(1, 100):
            path = self.folder / copy_name(number, stem, attempt=attempt)
            if not os.path.lexists(path) or (_is_copy(path) and not is_any_of(path.stat(), self.inputs)):
                return path
        reason, detail = "no_free_name", f"100 other files are named like {path.name}"
        raise ImageError(reason, detail)

    def _write(self, path: Path, content: bytes) -> None:
        """Write atomically; an existing copy keeps its mode, and a link to one stays a link."""
        real = Path(os.path.realpath(path))
        temporary = real.parent / f".writing-{os.getpid()}"
        try:
            temporary.write_bytes(content)
            if real.exists():
                temporary.chmod(real.stat().st_mode & 0o7777)
            temporary.replace(real)
        finally:
            temporary.unlink(missing_ok=True)


def copy_name(number: int, stem: str, *, attempt: int = 1) -> str:
    """Return the name of a copy; the name of a photograph is cut where it would be too long for a file system."""
    end = ".jpg" if attempt == 1 else f"-{attempt}.jpg"
    room = MAX_NAME_BYTES - len(f"{number:04d}_{end}")
    return f"{number:04d}_{os.fsencode(stem)[:room].decode('utf-8', 'ignore')}{end}"


def _is_copy(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(JFIF_END + len(MARK))[JFIF_END:] == MARK


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
