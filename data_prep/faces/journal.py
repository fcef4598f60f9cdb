"""Journal of a long stage: finished images in a file of JSON lines, which is valid after a crash at any time.

The first line is the fingerprint of everything that the results depend on. A journal with another fingerprint is
discarded. An incomplete last line is dropped, and its image is processed again.
"""

import json
from collections.abc import Collection, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agelens.data_prep.core.atomic import write_text


class Journal:
    """Results by image, appended as they are finished. Use it as a context manager.

    Args:
        path: The file.
        fingerprint: Text that changes when earlier results become invalid.
    """

    def __init__(self, path: Path, *, fingerprint: str) -> None:
        self.path, self.fingerprint = path, fingerprint
        self.done: dict[str, dict[str, Any]] = {}
        size = self._read()
        path.parent.mkdir(parents=True, exist_ok=True)
        if size is None:
            path.write_text(json.dumps({"fingerprint": fingerprint}) + "\n")
        else:
            with path.open("r+b") as file:
                file.truncate(size)
        self._file = path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, results: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Add finished images and their results, and flush the file."""
        for key, result in results:
            self.done[key] = result
            self._file.write(json.dumps([key, result]) + "\n")
        self._file.flush()

    def keep(self, keys: Collection[str]) -> None:
        """Remove all other images; if there are any, the file is rewritten atomically."""
        if all(key in keys for key in self.done):
            return
        self.done = {key: result for key, result in self.done.items() if key in keys}
        lines = [{"fingerprint": self.fingerprint}, *([key, result] for key, result in self.done.items())]
        self._file.close()
        write_text(self.path, "".join(json.dumps(line) + "\n" for line in lines))
        self._file = self.path.open("a", encoding="utf-8")

    def _read(self) -> int | None:
        """Read the results; return the size of all complete lines in bytes, or None if there is no valid journal."""
        if not self.path.is_file():
            return None
        size = 0
        for number, line in enumerate(self.path.read_bytes().splitlines(keepends=True)):
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                break
            if not line.endswith(b"\n"):
                break
            if number == 0 and entry != {"fingerprint": self.fingerprint}:
                return None
            if number:
                match entry:
                    case [str(key), dict(result)]:
                        self.done[key] = result
                    case _:
                        break
            size += len(line)
        return size or None
