"""The embedded files are those that were recorded, and nothing else may be loaded as a checkpoint."""

import hashlib
from pathlib import Path

import pytest

from agelens.data_prep.core.errors import WeightsError
from agelens.weights.defaults import DETECTOR_TORCH, EMBEDDED
from agelens.weights.integrity import RECORD, read_record, trusted_checkpoints, verify_embedded, write_record
from agelens.weights.registry import REGISTRY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of three recorded files."""
    (tmp_path / "age_model").mkdir()
    for name in ("detector.pt", "detector.bin", "age_model/model.json"):
        (tmp_path / name).write_bytes(name.encode())
    write_record(tmp_path)
    return tmp_path


def test_recorded_files_are_ok(folder: Path) -> None:
    names = ["age_model/model.json", "detector.bin", "detector.pt"]
    assert verify_embedded(folder) == dict.fromkeys(names, "ok")
    assert list(read_record(folder)) == names


@pytest.mark.parametrize("name", ["detector.pt", "detector.bin", "age_model/model.json"])
def test_one_changed_byte_is_noticed(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(bytes([content[0] ^ 1]) + content[1:])
    assert verify_embedded(folder)[name] == "tampered"
    assert sorted(verify_embedded(folder).values()) == ["ok", "ok", "tampered"]


def test_a_file_too_few_and_one_too_many_are_noticed(folder: Path) -> None:
    (folder / "detector.bin").rename(folder / "detector.onnx")
    assert verify_embedded(folder) == {
        "age_model/model.json": "ok",
        "detector.bin": "missing",
        "detector.onnx": "unrecorded",
        "detector.pt": "ok",
    }


@pytest.mark.parametrize("content", [None, "no hash\nor name here but\n\nlines"], ids=["missing", "broken"])
def test_a_record_that_cannot_be_read_is_named(folder: Path, content: str | None) -> None:
    (folder / RECORD).unlink()
    if content is not None:
        (folder / RECORD).write_text(content)
    with pytest.raises(WeightsError, match=RECORD):
        verify_embedded(folder)


def test_the_embedded_files_are_recorded() -> None:
    assert set(verify_embedded(EMBEDDED).values()) == {"ok"}, "run `agelens weights record`"


def test_the_embedded_detector_and_the_published_ones_are_trusted_alone() -> None:
    embedded = hashlib.sha256(DETECTOR_TORCH.read_bytes()).hexdigest()
    published = {entry.digest for entry in REGISTRY.values() if entry.file.endswith(".pt")}
    assert {f"sha256:{digest}" for digest in trusted_checkpoints()} == {f"sha256:{embedded}", *published}
    assert all(len(digest) == 64 for digest in trusted_checkpoints())
