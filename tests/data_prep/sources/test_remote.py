"""Photographs at addresses are read as those in folders; `file://` represents all file systems of pyarrow."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agelens.data_prep.core.errors import DataError, ImageError
from agelens.data_prep.readers.table import read_label_table
from agelens.data_prep.sources import remote
from agelens.data_prep.sources.manifest import make_manifest
from agelens.data_prep.sources.remote import file_state, is_address, read_content
from tests.data_prep.fake_photos import RULES, FakeDetector, crop_tables, crops_in, write_photo
from tests.data_prep.sources.s3_server import s3_server


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("s3://bucket/a.jpg", True),
        ("gs://bucket/a b.jpg", True),
        ("hdfs://host:8020/a.jpg", True),
        ("raw/a.jpg", False),
        ("/raw/a.jpg", False),
        ("C:\\raw\\a.jpg", False),
        ("odd/s3://a.jpg", False),
    ],
)
def test_an_address_begins_with_a_scheme(path: str, expected: bool) -> None:
    assert is_address(path) == expected


def test_path_and_address_of_a_file_give_the_same_content(tmp_path: Path) -> None:
    write_photo(tmp_path / "1.png", 1)
    path = str(tmp_path / "1.png")
    assert read_content(f"file://{path}") == read_content(path) == Path(path).read_bytes()
    assert file_state(f"file://{path}") == file_state(path)
    assert file_state(f"file://{tmp_path}/gone.png") == file_state(f"{tmp_path}/gone.png") == []


def test_unreadable_files_have_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "long.png").write_bytes(b"12345")
    (tmp_path / "folder.png").mkdir()
    monkeypatch.setattr(remote, "MAX_BYTES", 4)
    reasons = {"gone": "missing", "empty": "empty_file", "long": "too_large", "folder": "not_a_file"}
    for name, reason in reasons.items():
        with pytest.raises(ImageError, match=reason):
            read_content(f"file://{tmp_path}/{name}.png")


def test_an_unknown_kind_of_address_is_named_in_the_error() -> None:
    with pytest.raises(DataError, match=r"s3://bucket/photo\.jpg.*Received: carrier://pigeon/a\.jpg"):
        read_content("carrier://pigeon/a.jpg")


@pytest.mark.slow
def test_photographs_in_a_bucket_are_cropped_like_files(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.png" for number in range(3)]
    for number, path in enumerate(files):
        write_photo(path, number)
    with s3_server() as bucket:
        stored = [bucket.put(f"album/{path.name}", path.read_bytes()) for path in files]
        found = {
            name: crop_album(tmp_path / name, paths)
            for name, paths in {
                "files": [str(path) for path in files],
                "bucket": [*stored, f"{stored[0]}.gone"],
            }.items()
        }
    faces, rejected = found["bucket"]
    assert faces["path"].tolist() == stored
    assert rejected["reason"].tolist() == ["missing"]
    crops = {name: [(tmp_path / name / crop).read_bytes() for crop in found[name][0]["crop"]] for name in found}
    assert crops["bucket"] == crops["files"]


def crop_album(folder: Path, paths: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the faces and the rejected rows of photographs whose crops are written to the folder."""
    labels = folder.with_suffix(".csv")
    pd.DataFrame({"path": paths, "age": np.arange(20, 20 + len(paths))}).to_csv(labels, index=False)
    manifest, _ = make_manifest(read_label_table(labels), source="album")
    return crop_tables(manifest, FakeDetector(), folder, plan={"rules": RULES})


def test_photographs_at_addresses_are_cropped_once(tmp_path: Path) -> None:
    photos = [tmp_path / "album" / f"{number}.png" for number in range(5)]
    for number, path in enumerate(photos):
        write_photo(path, number, face=number != 3)
    addresses = [f"file://{path}" for path in photos] + [f"file://{tmp_path}/gone.png"]
    pd.DataFrame({"path": addresses, "age": np.arange(20, 26)}).to_csv(tmp_path / "labels.csv", index=False)
    manifest, _ = make_manifest(read_label_table(tmp_path / "labels.csv"), source="album")
    assert manifest["path"].tolist() == addresses
    faces, rejected = crop_tables(manifest, FakeDetector(), tmp_path / "crops", plan={"rules": RULES})
    assert rejected["reason"].tolist() == ["no_face", "missing"]
    assert len(faces) == len(crops_in(tmp_path / "crops")) == 4
    again = FakeDetector()
    crop_tables(manifest, again, tmp_path / "crops", plan={"rules": RULES})
    assert again.detected == []
