"""Read what W&B keeps of an offline run: protobuf records in the framing of LevelDB's log, blocks of 32 KiB."""

import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.locations import ROOT

BLOCK, HEADER = 32768, 7
FULL, FIRST, LAST = 1, 2, 4
"""Types of the parts of a record that does not fit into one block; 3 is a middle part."""


class StoredRun:
    """The records of a `.wandb` file."""

    def __init__(self, folder: Path) -> None:
        (path,) = folder.glob("*.wandb")
        self.folder = folder
        self.records = [(record.WhichOneof("record_type"), record) for record in _records(path.read_bytes())]

    def of(self, kind: str) -> list[Any]:
        return [getattr(record, kind) for name, record in self.records if name == kind]

    @property
    def run(self) -> Any:
        return self.of("run")[0]

    @property
    def exit_code(self) -> int | None:
        codes = [record.exit_code for record in self.of("exit")]
        return codes[0] if codes else None

    @property
    def config(self) -> dict[str, Any]:
        updates = [*self.run.config.update, *(each for record in self.of("config") for each in record.update)]
        return {_key(each): json.loads(each.value_json) for each in updates}

    @property
    def history(self) -> list[dict[str, Any]]:
        return [{_key(item): json.loads(item.value_json) for item in record.item} for record in self.of("history")]

    @property
    def summary(self) -> dict[str, Any]:
        return {_key(each): json.loads(each.value_json) for record in self.of("summary") for each in record.update}


def run_offline(code: str, folder: Path, **variables: str) -> str:
    """Run code in a process of its own in a folder, with W&B offline unless `variables` differ; return its output.

    W&B keeps one connection per process, which other tests may have replaced.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WANDB_", "AGELENS_EXECUTION"))}
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = {**kept, "WANDB_MODE": "offline", "HOME": str(folder), "PYTHONPATH": path, **variables}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def stored_runs(project: Path) -> list[StoredRun]:
    """Return the offline runs of a project in the order of their start."""
    return [StoredRun(folder) for folder in sorted((project / "wandb").glob("offline-run-*"))]


def _key(item: Any) -> str:
    return item.key or ".".join(item.nested_key)


def _records(content: bytes) -> Iterator[Any]:
    from wandb.proto.wandb_internal_pb2 import Record  # noqa: PLC0415  takes a second

    assert content[:4] == b":W&B"
    position, parts = HEADER, b""
    while position + HEADER <= len(content):
        left = BLOCK - position % BLOCK
        _, length, kind = struct.unpack("<IHB", content[position : position + HEADER])
        if left < HEADER or (length, kind) == (0, 0):
            position += left
            continue
        parts = (b"" if kind in {FULL, FIRST} else parts) + content[position + HEADER : position + HEADER + length]
        position += HEADER + length
        if kind in {FULL, LAST}:
            record = Record()
            record.ParseFromString(parts)
            yield record
