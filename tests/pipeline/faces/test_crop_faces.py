"""The stage `crop_faces`: its report shows what was kept and rejected."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.images import read_rgb, write_jpeg
from agelens.data_prep.core.tables import MANIFEST, REJECTED, make_table, read_table, write_table
from agelens.data_prep.synthetic.collection import write_synthetic
from agelens.pipeline.config.params import read_params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.stages import crop_faces
from tests.locations import ROOT

WALL = "made/wall.jpg"


@pytest.fixture
def manifest(tmp_path: Path) -> pd.DataFrame:
    """Return a manifest of a portrait, a wall and an empty file."""
    write_synthetic(tmp_path / "raw", count=10, seed=3, size=224)
    portrait = next(iter(sorted((tmp_path / "raw").rglob("p00001_0.jpg"))))
    write_jpeg(tmp_path / "wall.jpg", np.full((60, 240, 3), (0, 0, 200), dtype=np.uint8))
    (tmp_path / "empty.jpg").touch()
    paths = {"made/portrait.jpg": portrait, WALL: tmp_path / "wall.jpg", "made/empty.jpg": tmp_path / "empty.jpg"}
    label = {"source": "made", "age_low": 30, "age_high": 30, "age": 30, "age_kind": "exact", "age_clipped": False}
    return make_table([{"image_id": name, "path": str(path), **label} for name, path in paths.items()], MANIFEST)


def crop(root: Path, manifest: pd.DataFrame, **settings: object) -> Path:
    """Run the stage and return its report."""
    content = yaml.safe_load((ROOT / "params/demo.yaml").read_text(encoding="utf-8"))
    content["crop_faces"] |= settings
    content["sources"] = {"made": {"path": str(root), "reader": "table", "no_face": "drop", "image_size": 224}}
    (root / "params.yaml").write_text(yaml.safe_dump(content))
    write_table(Paths(root).manifest, manifest, MANIFEST)
    crop_faces.run(read_params(root / "params.yaml"), Paths(root))
    return Paths(root).crop_report


def test_photographs_without_a_face_are_on_a_sheet(tmp_path: Path, manifest: pd.DataFrame) -> None:
    sheet = read_rgb(crop(tmp_path, manifest) / "rejected_no_face.png").astype(int)
    blue = (sheet[..., 2] > 180) & (sheet[..., :2].max(axis=2) < 30)
    assert sheet.shape[1] < 200  # the empty file is not among them
    assert 3000 < blue.sum() <= 128 * 32  # the whole wall, except for its edge, which JPEG blurs


def test_sheets_without_images_are_removed(tmp_path: Path, manifest: pd.DataFrame) -> None:
    crop(tmp_path, manifest)
    report = crop(tmp_path, manifest[manifest["image_id"] != WALL])
    assert sorted(path.name for path in report.iterdir()) == ["counts.json", "crops.png", "report.html"]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"min_side": 5000}, "too_small"), ({"min_sharpness": 1e9}, "blurred")],
    ids=["too_small", "blurred"],
)
def test_a_limit_gives_each_rejected_face_its_reason_and_its_sheet(
    tmp_path: Path, manifest: pd.DataFrame, settings: dict[str, object], reason: str
) -> None:
    with pytest.raises(DataError, match="No face was kept of 3 photographs"):
        crop(tmp_path, manifest, **settings)
    rejected = read_table(Paths(tmp_path).faces_rejected, REJECTED)
    assert dict(zip(rejected["image_id"], rejected["reason"], strict=True)) == {
        "made/portrait.jpg": reason,
        WALL: "no_face",
        "made/empty.jpg": "empty_file",
    }
    report = Paths(tmp_path).crop_report
    sheet = read_rgb(report / f"rejected_{reason}.png")
    assert sheet.std() > 20  # a face, not an empty cell
    page = (report / "report.html").read_text()
    for part in (reason, "no_face", "empty_file", f"rejected_{reason}.png", "rejected_no_face.png"):
        assert part in page


def test_a_source_has_its_own_detector_size(tmp_path: Path, manifest: pd.DataFrame) -> None:
    crop(tmp_path, manifest)
    journal = Paths(tmp_path).crop_journal
    entries = [json.loads(line)[1] for line in journal.read_text().splitlines()[1:]]
    assert {entry["image_size"] for entry in entries} == {224}
