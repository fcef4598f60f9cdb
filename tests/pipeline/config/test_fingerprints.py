"""Fingerprints change with everything that a result depends on, and with nothing else."""

from pathlib import Path
from typing import Any

import pytest

from agelens.pipeline.config import fingerprints
from agelens.pipeline.config.fingerprints import (
    crops_fingerprint,
    features_fingerprint,
    rows_fingerprint,
    train_fingerprint,
    tune_fingerprint,
)
from agelens.pipeline.config.params import Params, read_params
from agelens.pipeline.config.sections.data import CropFaces, Source
from agelens.pipeline.config.sections.search import NetworkSpace, Retrain
from agelens.pipeline.training.chosen_recipe import chosen_recipe, effective_recipe
from tests.locations import ROOT


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


def test_crops_depend_on_settings_and_detector(params: Params, detector: Path) -> None:
    before = crops_fingerprint(params, detector=detector)
    assert crops_fingerprint(params, detector=detector) == before
    assert crops_fingerprint(changed(params, "crop_faces", margin_fraction=0.2), detector=detector) != before
    assert crops_fingerprint(changed(params, "tune", max_epochs=3), detector=detector) == before
    detector.write_bytes(b"another")
    assert crops_fingerprint(params, detector=detector) != before


@pytest.mark.parametrize(
    "values", [{"min_side": 40}, {"min_sharpness": 9}, {"max_faces": 1}, {"image_size": 640}, {"engine": "ray"}]
)
def test_limits_that_apply_to_rows_do_not_change_crops(
    params: Params, detector: Path, values: dict[str, object]
) -> None:
    other = changed(params, "crop_faces", **values)
    assert crops_fingerprint(other, detector=detector) == crops_fingerprint(params, detector=detector)


@pytest.mark.parametrize(
    "values",
    [{"precision": "float32"}, {"min_score": 0.5}, {"size": 64}, {"margin_fraction": 0.3}, {"square": False}],
)
def test_settings_of_every_crop_change_crops(params: Params, detector: Path, values: dict[str, object]) -> None:
    other = changed(params, "crop_faces", **values)
    assert crops_fingerprint(other, detector=detector) != crops_fingerprint(params, detector=detector)


def test_each_crop_setting_applies_to_crops_or_to_rows() -> None:
    by_row = {"image_size", "runtime", "engine", "min_side", "min_sharpness", "max_faces"}
    assert {*fingerprints.CROP_SETTINGS, *by_row} == CropFaces.model_fields.keys()


def test_crops_do_not_depend_on_other_sources(params: Params, detector: Path) -> None:
    more = {**params.sources, "more": Source(path=Path("more"), reader="table", no_face="whole_image")}
    other = params.model_copy(update={"sources": more})
    assert crops_fingerprint(other, detector=detector) == crops_fingerprint(params, detector=detector)


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("augment", {"zoom": 0.3}),
        ("model", {"backbone": "tiny"}),
        ("crop_faces", {"size": 64}),
        ("cache_features", {"precision": "float32"}),
    ],
)
def test_features_depend_on_views_and_backbone(params: Params, section: str, values: dict[str, object]) -> None:
    assert features_fingerprint(changed(params, section, **values)) != features_fingerprint(params)


def test_validation_features_have_their_own_precision(params: Params) -> None:
    other = changed(params, "cache_features", precision="float32")
    assert features_fingerprint(other, part="val") == features_fingerprint(params, part="val")
    assert features_fingerprint(other, part="val") == features_fingerprint(other)


def test_features_depend_on_the_content_of_a_weights_file(params: Params, tmp_path: Path) -> None:
    path = tmp_path / "some.weights.h5"
    own = changed(params, "model", weights=str(path))
    absent = features_fingerprint(own)
    path.write_bytes(b"one")
    first = features_fingerprint(own)
    path.write_bytes(b"two")
    second = features_fingerprint(own)
    path.rename(tmp_path / "moved.weights.h5")
    moved = features_fingerprint(changed(params, "model", weights=str(tmp_path / "moved.weights.h5")))
    assert len({absent, first, second, features_fingerprint(params)}) == 4
    assert moved == second


@pytest.mark.parametrize(
    ("section", "values", "same"),
    [
        ("tune", {"max_epochs": 3}, False),
        ("tune", {"retrain": Retrain(seeds=9)}, True),  # its results are stored apart
        ("tune", {"tuner": "random"}, False),
        ("tune", {"max_trials": 9, "exploration": 1.0}, True),  # settings of other tuners
        ("loss", {"age_weight": 0.9}, False),
        ("model", {"age_head": "linear"}, False),
        ("cache_features", {"views": 5}, False),
        ("augment", {"zoom": 0.3}, False),
        ("rebalance", {"weights": True}, True),  # it changes the rows, which have their own fingerprint
        ("evaluate", {"resamples": 10}, True),
    ],
)
def test_search_depends_on_its_settings(params: Params, section: str, values: dict[str, object], same: bool) -> None:
    other = changed(params, section, **values)
    assert (tune_fingerprint(other, rows="some") == tune_fingerprint(params, rows="some")) is same


@pytest.mark.parametrize(
    ("section", "values", "head", "network"),
    [
        ("tune", {"subset": 500}, True, False),
        ("tune", {"network_space": NetworkSpace(unfreeze={"choices": ["block6a"]})}, True, False),
        ("train", {"phase1": {"epochs": 3}}, True, False),
        ("train", {"phase1": {"schedule": "cosine"}}, False, False),
        ("train", {"phase1": {"plateau_patience": 9}}, False, False),
        ("train", {"phase1": {"lr_factor": 0.1}}, True, True),
        ("train", {"phase2": {"learning_rate": 0.1}}, True, False),
        ("train", {"phase2": {"unfreeze": 7}}, True, False),
        ("train", {"phase2": {"epochs": 3, "schedule": "plateau", "trunk": "cached"}}, True, True),
    ],
)
def test_only_scope_network_depends_on_phase_2(
    params: Params, section: str, values: dict[str, Any], head: bool, network: bool
) -> None:
    for scope, same in (("head", head), ("network", network)):
        scoped = changed(params, "tune", scope=scope)
        parts = {
            name: getattr(params.train, name).model_copy(update=value) if isinstance(value, dict) else value
            for name, value in values.items()
        }
        other = changed(scoped, section, **parts)
        assert (tune_fingerprint(other, rows="some") == tune_fingerprint(scoped, rows="some")) is same


@pytest.mark.parametrize("values", [{"seed": 8}, {"age_groups": [0, 18]}])
def test_search_depends_on_seed_and_age_groups(params: Params, values: dict[str, object]) -> None:
    other = params.model_copy(update=values)
    assert tune_fingerprint(other, rows="some") != tune_fingerprint(params, rows="some")


def test_search_depends_on_its_rows(params: Params) -> None:
    assert tune_fingerprint(params, rows="some") != tune_fingerprint(params, rows="others")


def test_scope_decides_whose_code_counts(params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    scopes = [changed(params, "tune", scope=scope) for scope in ("head", "network")]
    before = [tune_fingerprint(scope, rows="some") for scope in scopes]
    monkeypatch.setattr(fingerprints, "NETWORK_SEARCH_CODE", ("agelens.data_prep.core.errors",))
    after = [tune_fingerprint(scope, rows="some") for scope in scopes]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False]


def of_training(params: Params, *, rows: str = "some", recipe: object = None) -> str:
    return train_fingerprint(params, rows=rows, recipe=recipe or effective_recipe(chosen_recipe(params, None)))


@pytest.mark.parametrize(
    ("section", "values", "same"),
    [
        ("train", {"use_tuned": False}, True),  # the recipe says what is trained
        ("train", {"precision": "mixed_float16"}, False),
        ("loss", {"group_weight": 0.123}, False),
        ("model", {"units": 3}, False),
        ("model", {"backbone": "tiny"}, False),
        ("model", {"flip_average": True}, True),
        ("augment", {"zoom": 0.5}, False),
        ("cache_features", {"views": 99}, False),
        ("crop_faces", {"size": 64}, False),
        ("crop_faces", {"workers": 5}, True),
        ("evaluate", {"resamples": 10}, True),
    ],
)
def test_training_depends_on_its_settings(params: Params, section: str, values: dict[str, object], same: bool) -> None:
    assert (of_training(changed(params, section, **values)) == of_training(params)) is same


def test_training_depends_on_seed_groups_rows_recipe_and_code(params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    before = of_training(params)
    others = [params.model_copy(update=values) for values in ({"seed": 8}, {"age_groups": [0, 18]})]
    found = [*map(of_training, others), of_training(params, rows="others"), of_training(params, recipe="another")]
    monkeypatch.setattr(fingerprints, "TRAIN_CODE", ("agelens.data_prep.core.errors",))
    assert len({before, *found, of_training(params)}) == 6


def test_rows_depend_on_tables_and_crops(tmp_path: Path) -> None:
    tables = [tmp_path / "train.csv", tmp_path / "val.csv"]
    for table in tables:
        table.write_text(f"{table.name},30\n")
    first = rows_fingerprint(tables, keys=["a#1", "b#2"])
    assert rows_fingerprint(tables, keys=["a#1", "b#2"]) == first
    assert rows_fingerprint(tables, keys=["a#1", "b#3"]) != first
    assert rows_fingerprint(tables[::-1], keys=["a#1", "b#2"]) != first
    tables[1].write_text("val.csv,31\n")
    assert rows_fingerprint(tables, keys=["a#1", "b#2"]) != first
