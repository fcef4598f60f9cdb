"""Which images of a long stage are done: a file of JSON lines that survives being killed at any moment.

The first line is the fingerprint of everything that the results depend on; a journal with another fingerprint is
started anew. A half-written last line, left by a kill, is dropped and its image done again.
"""

import json
from collections.abc import Collection, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agelens.data_prep.core.atomic import write_text


class Journal:
    """Results by image, appended as they come. Use it as a context manager.

    Args:
        path: The file.
        fingerprint: Text that changes whenever earlier results must not be used again.
    """

    def __init__(self, path: Path, *, fingerprint: str) -> None:
        self.path, self.fingerprint = path, fingerprint
        self.done: dict[str, dict[str, Any]] = {}
        whole = self._read()
        path.parent.mkdir(parents=True, exist_ok=True)
        if whole is None:
            path.write_text(json.dumps({"fingerprint": fingerprint}) + "\n")
        else:
            with path.open("r+b") as file:
                file.truncate(whole)
        self._file = path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, results: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Add finished images and their results; what is appended is on its way to the disk when this returns."""
        for key, result in results:
            self.done[key] = result
            self._file.write(json.dumps([key, result]) + "\n")
        self._file.flush()

    def keep(self, keys: Collection[str]) -> None:
        """Forget all images but these; the file is written anew, whole or not at all, if it holds others."""
        if all(key in keys for key in self.done):
            return
        self.done = {key: result for key, result in self.done.items() if key in keys}
        lines = [{"fingerprint": self.fingerprint}, *([key, result] for key, result in self.done.items())]
        self._file.close()
        write_text(self.path, "".join(json.dumps(line) + "\n" for line in lines))
        self._file = self.path.open("a", encoding="utf-8")

    def _read(self) -> int | None:
        """Read what is done; return the number of bytes that are whole lines, or None to start anew."""
        if not self.path.is_file():
            return None
        whole = 0
        for number, line in enumerate(self.path.read_bytes().splitlines(keepends=True)):
            try:
                entry = json.loads(line)
            except ValueError:
                break
            if not line.endswith(b"\n"):
                break
            if number == 0 and entry != {"fingerprint": self.fingerprint}:
                return None
            if number:
                self.done[entry[0]] = entry[1]
            whole += len(line)
        return whole or None
