"""Which stages a changed setting runs again: those that declare it, and `train` if the recipe changes."""

import re
from typing import Any

import pytest
import yaml

from agelens.pipeline.config.fingerprints import train_fingerprint, tune_fingerprint
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.sections.fields import Section
from agelens.pipeline.stages import STAGES
from agelens.pipeline.training.chosen_recipe import chosen_recipe, effective_recipe
from agelens.tuning.results import BestSettings
from tests.locations import ROOT
from tests.pipeline.stage_facts import keys_of

FLOW = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
PARAMS = Params.model_validate(yaml.safe_load((ROOT / "params/demo.yaml").read_text(encoding="utf-8")))
NETWORK = PARAMS.model_copy(update={"tune": PARAMS.tune.model_copy(update={"scope": "network"})})
KEYS = sorted(keys_of(Params.model_fields))

ON_CROPS = ["locate_points", "cache_features", "tune", "train", "calibrate", "evaluate", "eda", "export"]

BEST = BestSettings(
    winner="tuned",
    settings={"units": 128, "learning_rate": 0.002},
    val_age_mae=3.0,
    sd=0.1,
    untuned_val_age_mae=3.5,
    untuned_sd=0.1,
    seeds=2,
    fingerprint="of another search",
)


@pytest.mark.parametrize(
    ("key", "stages"),
    [
        ("sources", ["build_manifest", "crop_faces", "evaluate", "eda", "report", "export"]),
        ("crop_faces.engine", []),
        ("crop_faces.min_side", ["crop_faces"]),
        ("crop_faces.size", ["crop_faces", *ON_CROPS]),
        ("deduplicate.max_bits", ["deduplicate"]),
        ("deduplicate.compare_faces", ["deduplicate"]),
        ("model.units", ["tune"]),
        ("loss.age_weight", ["tune"]),
        ("loss.attribute_weights", ["tune"]),
        ("tune.retrain.seeds", ["tune"]),
        ("tune.subset", ["tune"]),
        ("tune.scope", ["tune"]),
        ("tune.tuner", ["tune"]),
        ("tune.max_trials", ["tune"]),
        ("tune.initial_points", ["tune"]),
        ("tune.exploration", ["tune"]),
        ("train.use_tuned", ["tune"]),
        ("train.phase1.epochs", ["tune", "train"]),
        ("train.phase2.epochs", ["train"]),
        ("train.phase2.trunk", ["train"]),
        ("train.precision", ["train"]),
        ("calibrate.max_mae_cost", ["calibrate"]),
        ("evaluate.resamples", ["evaluate"]),
        ("report.show_faces", ["report"]),
        ("export.licence", ["export"]),
    ],
)
def test_a_setting_runs_the_stages_that_declare_it(key: str, stages: list[str]) -> None:
    assert [stage for stage in STAGES if key in keys_of(FLOW[stage]["params"])] == stages


@pytest.mark.parametrize("params", [PARAMS, NETWORK], ids=["head", "network"])
@pytest.mark.parametrize("key", KEYS)
def test_a_setting_that_changes_a_search_or_the_recipe_is_declared_by_tune(key: str, params: Params) -> None:
    changed = with_other_value(params, key)
    same = searched(params) == searched(changed) and recipes(params) == recipes(changed)
    assert same or key in keys_of(FLOW["tune"]["params"])


@pytest.mark.parametrize("key", KEYS)
def test_a_setting_that_changes_a_training_is_declared_by_train_or_changes_the_recipe(key: str) -> None:
    changed = with_other_value(PARAMS, key)
    assert trained(PARAMS) == trained(changed) or key in keys_of(FLOW["train"]["params"])


@pytest.mark.parametrize(
    "changes",
    [
        {"loss.attribute_weights": {"gender": 0.9, "ethnicity": 0.2}},
        {"loss.delta": 2.0},
        {"model.flip_average": True},
        {"tune.retrain": PARAMS.tune.retrain.model_copy(update={"seeds": 5})},
        {"tune.subset": 99, "tune.max_epochs": 9},
        {"tune.tuner": "bayesian", "tune.max_trials": 9},
    ],
    ids="+".join,
)
def test_a_setting_without_effect_changes_no_recipe(changes: dict[str, Any]) -> None:
    assert recipes(replaced(PARAMS, changes)) == recipes(PARAMS)


def test_an_attribute_that_the_head_predicts_has_a_weight_in_the_recipe() -> None:
    gender = replaced(PARAMS, {"model.attributes": ("gender",)})
    heavy = replaced(gender, {"loss.attribute_weights": {"gender": 0.9}})
    chosen = (effective_recipe(chosen_recipe(each, None)) for each in (gender, heavy))
    weights = [recipe["objective"]["attribute_weights"] for recipe in chosen]
    assert weights == [{"gender": 0.3}, {"gender": 0.9}]
    assert searched(gender) != searched(heavy)


def test_settings_of_the_distribution_are_left_out_with_a_linear_head() -> None:
    linear, wide = (replaced(PARAMS, {"model.age_head": "linear", "loss.sigma": sigma}) for sigma in (2.0, 3.0))
    assert effective_recipe(chosen_recipe(linear, None)) == effective_recipe(chosen_recipe(wide, None))
    assert recipes(replaced(PARAMS, {"loss.sigma": 3.0})) != recipes(PARAMS)


def test_a_learning_rate_that_was_found_is_multiplied() -> None:
    assert PARAMS.train.phase1.lr_factor == 1.0
    halved = replaced(PARAMS, {"train.phase1": PARAMS.train.phase1.model_copy(update={"lr_factor": 0.5})})
    assert chosen_recipe(halved, BEST).learning_rate == 0.001
    assert chosen_recipe(halved, None).learning_rate == PARAMS.train.phase1.learning_rate


def test_another_spelling_of_a_path_is_the_same_setting() -> None:
    """Stages that declare sources run again, and write the same tables."""
    content = yaml.safe_load((ROOT / "params/demo.yaml").read_text(encoding="utf-8"))
    content["sources"]["synthetic"]["path"] = f"./{content['sources']['synthetic']['path']}/"
    assert Params.model_validate(content) == PARAMS


@pytest.mark.parametrize("document", ["README.md", "docs/experiments.md"])
def test_settings_of_experiments_in_documents_exist(document: str) -> None:
    named = re.findall(r"-S ([\w.]+)=", (ROOT / document).read_text(encoding="utf-8"))
    assert len(named) > 0
    assert set(named) <= set(KEYS)


def searched(params: Params) -> str:
    return tune_fingerprint(params, rows="rows")


def recipes(params: Params) -> list[dict[str, Any]]:
    return [effective_recipe(chosen_recipe(params, best)) for best in (None, BEST)]


def trained(params: Params) -> str:
    return train_fingerprint(params, rows="rows", recipe="the same")


def replaced(params: Params, values: dict[str, Any]) -> Params:
    """Return a copy with other values of settings in sections of params.yaml, which are not checked."""
    for key, value in values.items():
        section, _, name = key.partition(".")
        params = params.model_copy(update={section: getattr(params, section).model_copy(update={name: value})})
    return params


def with_other_value(section: Any, key: str) -> Any:
    """Return a copy of a section in which one setting, however deep, has another value."""
    name, _, rest = key.partition(".")
    value = getattr(section, name)
    return section.model_copy(update={name: with_other_value(value, rest) if rest else other_than(value, name)})


def other_than(value: Any, name: str) -> Any:
    if name in {"backbone", "unfreeze", "scope", "tuner"}:
        return {"backbone": "tiny", "unfreeze": "block6a", "scope": "network", "tuner": "random"}[name]
    if value is None or isinstance(value, str | list | tuple | dict | Section):
        return {str: "other", list: [0, 30], tuple: ("gender",), dict: {}}.get(type(value))
    return not value if isinstance(value, bool) else value * 2 + 1
