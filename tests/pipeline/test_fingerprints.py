"""A result is named by everything that it depends on, its code included."""

from pathlib import Path

import pytest

from pipeline import fingerprints
from pipeline.fingerprints import crops_fingerprint, features_fingerprint, tune_fingerprint
from pipeline.params import Params, read_params

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def params() -> Params:
    return read_params(ROOT / "params/demo.yaml")


@pytest.fixture
def detector(tmp_path: Path) -> Path:
    path = tmp_path / "detector.bin"
    path.write_bytes(b"one")
    return path


def changed(params: Params, section: str, **values: object) -> Params:
    return params.model_copy(update={section: getattr(params, section).model_copy(update=values)})


def test_crops_are_named_by_settings_and_detector(params: Params, detector: Path) -> None:
    before = crops_fingerprint(params, detector=detector)
    assert crops_fingerprint(params, detector=detector) == before
    assert crops_fingerprint(changed(params, "crop_faces", margin_fraction=0.2), detector=detector) != before
    assert crops_fingerprint(changed(params, "tune", max_epochs=3), detector=detector) == before
    detector.write_bytes(b"another")
    assert crops_fingerprint(params, detector=detector) != before


def test_crops_and_features_are_named_by_the_code_that_makes_them(
    params: Params, detector: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = crops_fingerprint(params, detector=detector), features_fingerprint(params)
    monkeypatch.setattr(fingerprints, "code_hash", lambda modules: "other")
    assert crops_fingerprint(params, detector=detector) != before[0]
    assert features_fingerprint(params) != before[1]


def test_code_is_hashed_by_its_source() -> None:
    crop = fingerprints.code_hash(["data_prep.crop"])
    assert crop == fingerprints.code_hash(["data_prep.crop"])
    assert crop != fingerprints.code_hash(["data_prep.boxes"])


@pytest.mark.parametrize(
    ("section", "values"), [("augment", {"zoom": 0.3}), ("model", {"backbone": "tiny"}), ("crop_faces", {"size": 64})]
)
def test_features_are_named_by_pictures_and_backbone(params: Params, section: str, values: dict[str, object]) -> None:
    assert features_fingerprint(changed(params, section, **values)) != features_fingerprint(params)


@pytest.mark.parametrize(
    ("section", "values", "same"),
    [
        ("tune", {"max_epochs": 3}, False),
        ("loss", {"age_weight": 0.9}, False),
        ("rebalance", {"weights": True}, False),
        ("evaluate", {"resamples": 10}, True),
    ],
)
def test_a_search_is_named_by_what_its_scores_depend_on(
    params: Params, section: str, values: dict[str, object], same: bool
) -> None:
    assert (tune_fingerprint(changed(params, section, **values)) == tune_fingerprint(params)) is same
