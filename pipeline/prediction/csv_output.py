"""The table of `agelens predict --csv`, written as the predictions come."""

import csv
import errno
import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.prediction.predict import FilePrediction
from agelens.pipeline.prediction.tables import FACE_PREDICTIONS, prediction_rows
from agelens.pipeline.prediction.targets import Target
from agelens.pipeline.prediction.text import printable, with_formula, without_formula

HEADER = ",".join(FACE_PREDICTIONS.names)

OLDEST_HEADER = ",".join(FACE_PREDICTIONS.names[:8])
"""How the header of every earlier version begins."""


class CsvOutput:
    """Writes the rows of one photograph at a time, complete or not at all.

    A failed write is remembered in `error`, and nothing more is written. Only a reader that closed the standard output
    raises an error, because it needs no further answers.

    Args:
        target: Where to write; an earlier table is emptied by the first write.
        gender: Whether to fill the column `gender`.
        resume: Keep the rows of an earlier run and append to them.

    Raises:
        ParamsError: `resume` of a target that is no file, or whose columns differ.
    """

    def __init__(self, target: Target, *, gender: bool = False, resume: bool = False) -> None:
        self.target, self.gender, self.error = target, gender, ""
        self.faces = self.files = self._size = 0
        self._started = False
        self.finished = self._read_finished() if resume else frozenset[str]()
        """Names of photographs whose rows are complete; the last one of an interrupted run is not among them."""

    def write(self, found: FilePrediction, *, name: str) -> None:
        """Append the rows of one photograph."""
        rows = prediction_rows(found, name=name, gender=self.gender)
        if not self._started:
            self._start()
        self._append(as_csv(rows))
        if not self.error:
            self.faces, self.files = self.faces + len(found.faces), self.files + 1

    def close(self) -> None:
        """Close the target; a file that was created and has no row is removed."""
        os.close(self.target.descriptor)
        if self.target.created and not self._size:
            Path(os.path.realpath(self.target.path)).unlink(missing_ok=True)

    def _start(self) -> None:
        self._started = True
        if self.target.kind == "file":
            os.ftruncate(self.target.descriptor, self._size)
            os.lseek(self.target.descriptor, self._size, os.SEEK_SET)
        if not self._size:
            self._append(f"{HEADER}\n")

    def _append(self, text: str) -> None:
        if self.error:
            return
        content = memoryview(text.encode())
        written = 0
        try:
            while written < len(content):
                written += os.write(self.target.descriptor, content[written:])
        except OSError as error:
            if self.target.kind == "stdout" and error.errno == errno.EPIPE:
                raise
            self.error = error.strerror or str(error)
            if self.target.kind == "file":
                os.ftruncate(self.target.descriptor, self._size)  # no part of a row remains
            return
        self._size += written

    def _read_finished(self) -> frozenset[str]:
        """Return the names of finished photographs; the last one is repeated, because rows of it may be missing."""
        path = printable(self.target.path)
        if self.target.kind != "file":
            msg = f"--resume needs --csv with a file that it can read. Received: {path}."
            raise ParamsError(msg)
        lines = _read_all(self.target.descriptor).splitlines(keepends=True)
        if lines and not lines[-1].endswith(b"\n"):  # the run was killed while it wrote
            lines.pop()
        if not lines:
            return frozenset()
        header = lines[0].decode("utf-8-sig", "replace").strip()
        if header != HEADER:
            msg = f"--resume continues a table with the columns {HEADER}. Received in {path}: {printable(header)}."
            raise ParamsError(msg)
        names = [_name_in(line) for line in lines]
        kept = len(lines)
        while kept > 1 and names[kept - 1] == names[-1]:
            kept -= 1
        self._size = sum(map(len, lines[:kept]))
        return frozenset(names[1:kept])


def as_csv(rows: Iterable[Mapping[str, object]]) -> str:
    """Return rows of `FACE_PREDICTIONS` as lines of CSV; text that a spreadsheet would compute gets an apostrophe."""
    lines = io.StringIO(newline="")
    writer = csv.DictWriter(lines, FACE_PREDICTIONS.names, lineterminator="\n")
    writer.writerows({key: _field(value) for key, value in row.items()} for row in rows)
    return lines.getvalue()


def _field(value: object) -> object:
    return without_formula(printable(value)) if isinstance(value, str) else value


def _name_in(line: bytes) -> str:
    return with_formula(next(csv.reader([line.decode("utf-8", "replace")]))[0])


def _read_all(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(os.dup(descriptor), "rb") as file:
        return file.read()
