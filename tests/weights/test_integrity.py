"""Bundled files must have their recorded hashes, and only known checkpoints may be loaded."""

import hashlib
from pathlib import Path

import pytest

from agelens.data_prep.core.errors import WeightsError
from agelens.weights.defaults import DETECTOR_TORCH, EMBEDDED
from agelens.weights.integrity import HASHES_FILE, read_hashes, record_hashes, trusted_checkpoints, verify_embedded
from agelens.weights.registry import REGISTRY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of three recorded files."""
    (tmp_path / "age_model").mkdir()
    for name in ("detector.pt", "detector.bin", "age_model/model.json"):
        (tmp_path / name).write_bytes(name.encode())
    record_hashes(tmp_path)
    return tmp_path


def test_recorded_files_are_ok(folder: Path) -> None:
    names = ["age_model/model.json", "detector.bin", "detector.pt"]
    assert verify_embedded(folder) == dict.fromkeys(names, "ok")
    assert list(read_hashes(folder)) == names


@pytest.mark.parametrize("name", ["detector.pt", "detector.bin", "age_model/model.json"])
def test_one_changed_byte_is_detected(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(bytes([content[0] ^ 1]) + content[1:])
    assert verify_embedded(folder)[name] == "tampered"
    assert sorted(verify_embedded(folder).values()) == ["ok", "ok", "tampered"]


def test_missing_and_additional_files_are_detected(folder: Path) -> None:
    (folder / "detector.bin").rename(folder / "detector.onnx")
    assert verify_embedded(folder) == {
        "age_model/model.json": "ok",
        "detector.bin": "missing",
        "detector.onnx": "unrecorded",
        "detector.pt": "ok",
    }


@pytest.mark.parametrize("content", [None, "no hash\nor name here but\n\nlines"], ids=["missing", "broken"])
def test_an_unreadable_file_of_hashes_is_named_in_the_error(folder: Path, content: str | None) -> None:
    (folder / HASHES_FILE).unlink()
    if content is not None:
        (folder / HASHES_FILE).write_text(content)
    with pytest.raises(WeightsError, match=HASHES_FILE):
        verify_embedded(folder)


def test_the_bundled_files_have_their_recorded_hashes() -> None:
    assert set(verify_embedded(EMBEDDED).values()) == {"ok"}, "run `agelens weights record`"


def test_only_the_bundled_and_the_published_checkpoints_are_trusted() -> None:
    embedded = hashlib.sha256(DETECTOR_TORCH.read_bytes()).hexdigest()
    published = {entry.digest for entry in REGISTRY.values() if entry.file.endswith(".pt")}
    assert {f"sha256:{digest}" for digest in trusted_checkpoints()} == {f"sha256:{embedded}", *published}
    assert all(len(digest) == 64 for digest in trusted_checkpoints())
