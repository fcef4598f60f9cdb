"""A search with scope network: it varies phase 2, resumes after a stop, and `train` uses its result."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agelens.data_prep.core.errors import DataError, ParamsError
from agelens.models.network.age_net import backbone_of
from agelens.pipeline.config.params import Params
from agelens.pipeline.search.network_factory import network_factory, remove_activations
from agelens.pipeline.stages import cache_features, train, tune
from agelens.pipeline.training_data.head_data import read_head_data
from agelens.tuning import search
from agelens.tuning.recipe import NETWORK_SETTINGS
from tests.pipeline.small_project import SmallProject, make_small_project

SPACE = {
    "unfreeze": ["block2", "block3"],
    "phase2_learning_rate": {"low": 0.001, "high": 0.01, "log": True},
    "augment_strength": [0.5, 2.0],
}
SHARED = {name: domain for name, domain in SPACE.items() if name != "augment_strength"}
"""A space without augmentation, in which all networks train on the same views."""


UNTUNED = {
    "model": {"age_head": "linear"},
    "train": {"phase1": {"epochs": 1, "batch_size": 4, "learning_rate": 10.0}},
}
"""Untuned settings with which a head never predicts an age, so that they do not win the search."""


def network_params(
    project: SmallProject, space: dict[str, Any], *, sections: dict[str, Any] | None = None, **changes: Any
) -> Params:
    """Return settings of a search of whole networks with two trials; the features are cached."""
    tuned = {"scope": "network", "network_space": space, "max_epochs": 2, "factor": 3, "hyperband_iterations": 1}
    params = project.params(tune={**tuned, "retrain": {"top": 1, "seeds": 1}, **changes}, **(sections or {}))
    cache_features.run(params, project.paths)
    return params


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """Return a project with cached features, for all tests that do not change it."""
    return make_small_project(tmp_path_factory.mktemp("shared"))


@pytest.mark.slow
def test_train_uses_the_best_settings_of_phase_2(project: SmallProject, capfd: pytest.CaptureFixture[str]) -> None:
    params, paths = network_params(project, SPACE, sections=UNTUNED), project.paths
    tune.run(params, paths)
    best = json.loads(paths.best_settings.read_text())
    assert set(best["settings"]) == {*params.tune.space.domains, *NETWORK_SETTINGS}
    train.run(params, paths)
    taken = json.loads((paths.train_report / "training.json").read_text())["phase2"]
    assert taken == {name: best["settings"][name] for name in NETWORK_SETTINGS}
    rates = pd.read_csv(paths.train_report / "history.csv").query("phase == 2")["learning_rate"]
    assert rates.max() <= best["settings"]["phase2_learning_rate"]
    output = " ".join(capfd.readouterr().err.split())
    assert f"phase 2: unfreeze {taken['unfreeze']}, learning rate {taken['phase2_learning_rate']:g}" in output
    assert f"augmentation times {taken['augment_strength']:g}" in output


@pytest.mark.slow
@pytest.mark.parametrize("tuner", ["hyperband", "bayesian"])
def test_two_workers_share_a_search_and_its_trunk(project: SmallProject, tuner: str) -> None:
    points = {"max_trials": 4, "initial_points": 2} if tuner == "bayesian" else {"factor": 2}
    params, paths = network_params(project, SHARED, tuner=tuner, **points), project.paths
    running = project.command("tune", "--workers", "2")
    output, _ = running.communicate(timeout=300)
    logs = "".join(path.read_text() for path in paths.tune_state.glob("worker_*.log"))
    assert running.returncode == 0, output + logs
    trials = pd.read_csv(paths.search_report / "trials.csv", dtype={"trial": str})
    assert len(trials) == params.tune.config(seed=params.seed).budget.trials, output + logs
    assert trials["trial"].is_unique
    assert trials["val_age_mae"].notna().all()
    rungs = {"hyperband": {(0, 2): 2, (1, 1): 2, (1, 2): 1}, "bayesian": {(0, 2): 4}}
    assert trials.groupby(["bracket", "epochs"]).size().to_dict() == rungs[tuner]
    curves = pd.read_csv(paths.search_report / "curves.csv", dtype={"trial": str})
    assert set(curves["trial"]) == set(trials["trial"])  # each worker has stored its own
    assert not list(paths.tune_state.glob("trunk/**/*.npy"))


@pytest.mark.slow
def test_a_stopped_search_resumes_and_repeats_no_trial(project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    params, paths = network_params(project, SHARED, factor=2), project.paths
    runs: list[list[str]] = [[], []]
    run_trial = search._Tuner.run_trial

    def counted(tuner: Any, trial: Any, *args: Any, **options: Any) -> Any:
        if not runs[1] and len(runs[0]) == 2:
            runs[1].append(trial.trial_id)
            raise KeyboardInterrupt
        runs[-1 if runs[1] else 0].append(trial.trial_id)
        return run_trial(tuner, trial, *args, **options)

    monkeypatch.setattr(search._Tuner, "run_trial", counted)
    with pytest.raises(KeyboardInterrupt):
        tune.run(params, paths)
    assert list((paths.tune_state / "trunk").rglob("view_*.npy"))
    tune.run(params, paths)
    trials = pd.read_csv(paths.tune_report / "trials.csv", dtype={"trial": str})
    assert trials["trial"].is_unique
    assert trials["round"].max() == 1  # one trial was promoted, with the weights of its parent
    assert set(runs[0]).isdisjoint(runs[1])
    assert set(trials["trial"]) == {*runs[0], *runs[1]}
    assert set(json.loads(paths.best_settings.read_text())["settings"]) == {*params.tune.space.domains, *SHARED}
    assert [path.name for path in paths.tune_state.iterdir() if not path.name.startswith("search_")] == []


def test_an_unknown_block_is_rejected_before_the_search(shared: SmallProject) -> None:
    params = network_params(shared, {"unfreeze": ["block3", "block7"]})
    message = r"^tune\.network_space\.unfreeze must be .* block of tiny, such as .*Received: block7"
    with pytest.raises(ParamsError, match=message):
        tune.run(params, shared.paths)
    assert list(shared.paths.tune_state.glob("search_*")) == []


def test_an_unknown_block_of_the_untuned_network_is_named_by_its_own_key(shared: SmallProject) -> None:
    params = shared.params(train={"phase2": {"epochs": 1, "batch_size": 4, "learning_rate": 0.001, "unfreeze": "top"}})
    cache_features.run(params, shared.paths)
    tuned = params.model_copy(update={"tune": network_params(shared, SPACE).tune})
    with pytest.raises(ParamsError, match=r"^train\.phase2\.unfreeze must be .*Received: top"):
        tune.run(tuned, shared.paths)


@pytest.mark.slow
@pytest.mark.parametrize("space", [SPACE, SHARED], ids=["images", "cached trunk"])
def test_each_network_trains_the_layers_of_its_setting(shared: SmallProject, space: dict[str, Any]) -> None:
    params = network_params(shared, space)
    factory = network_factory(params, shared.paths, read_head_data(params, shared.paths))
    head = len(factory.build({"unfreeze": 0}, 1).trainable_weights)
    models = {first: factory.build({"unfreeze": first}, 1) for first in SPACE["unfreeze"]}
    assert {first: len(model.trainable_weights) - head for first, model in models.items()} == {
        "block2": 2,
        "block3": 1,
    }
    model = factory.build({"phase2_learning_rate": 0.003, "units": 4}, 1)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.003)
    assert model.get_layer("head").get_layer("dense").units == 4


@pytest.mark.slow
def test_a_cached_trunk_gives_the_same_ages_as_the_images(shared: SmallProject) -> None:
    params = network_params(shared, SHARED)
    data = read_head_data(params, shared.paths)
    cached = network_factory(params, shared.paths, data)
    top = cached.build({}, 1)
    activations, *_ = next(iter(cached.data({}, top.output, 1)[2]))
    live = network_factory(network_params(shared, SPACE), shared.paths, data)
    whole = live.build({}, 1)
    images, *_ = next(iter(live.data({}, whole.output, 1)[2]))
    assert backbone_of(whole).input_shape[1:] == images.shape[1:]
    # The batches differ in size, but both start with the first validation row.
    np.testing.assert_allclose(top(activations[:4])["age"], whole(images[:4])["age"], atol=0.1)


def test_the_subset_of_the_rows_is_the_same_in_every_run(shared: SmallProject) -> None:
    params = network_params(shared, SPACE, subset=4)
    data = read_head_data(params, shared.paths)
    few, again, more = (data.subset(count, seed=7) for count in (4, 4, 99))
    assert few.train["image_id"].tolist() == again.train["image_id"].tolist()
    assert (len(few.train), len(few.val)) == (4, 4)
    assert few.train_features.shape[:2] == (3, 4)
    for row, name in enumerate(few.train["image_id"]):
        place = data.train["image_id"].tolist().index(name)
        np.testing.assert_array_equal(few.train_features[:, row], data.train_features[:, place])
    assert more.train["image_id"].tolist() == data.train["image_id"].tolist()
    assert data.subset(4, seed=8).train["image_id"].tolist() != few.train["image_id"].tolist()
    assert len({few.fingerprint, more.fingerprint, data.fingerprint}) == 3


def test_a_subset_without_an_exact_age_is_rejected(shared: SmallProject) -> None:
    data = read_head_data(network_params(shared, SPACE), shared.paths)
    data.val["age_high"] += 5
    with pytest.raises(DataError, match="rows with an exact age"):
        data.subset(3, seed=0)


def test_a_full_disk_is_an_error_with_advice(shared: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    params = network_params(shared, SHARED)
    remove_activations(shared.paths)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1})())
    with pytest.raises(ParamsError, match=r"are free\. Lower tune\.subset, or also search"):
        network_factory(params, shared.paths, read_head_data(params, shared.paths))
