"""The behaviour of Keras Tuner that `keras_tuner_patches` works around.

Each test describes Keras Tuner's own classes. If one fails with a new release, that release no longer needs the
workaround: remove the method, and the test.
"""

import gc
import json
import sys
import time
from collections import deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import keras_tuner as kt
import pytest
from keras_tuner.src.engine.base_tuner import BaseTuner

from agelens.tuning.keras_tuner_patches import PatchedHyperbandOracle, PatchedTuner
from agelens.tuning.state_files import read_hashed

MONITOR = "val_loss"


def make_hyper_model() -> kt.HyperModel:
    """Return a hypermodel with one setting."""

    class OneSetting(kt.HyperModel):  # type: ignore[misc]
        def build(self, hp: Any) -> Any:
            return keras.Sequential([keras.Input((1,)), keras.layers.Dense(hp.Int("units", 1, 100))])

    return OneSetting()


def make_oracle(folder: Path, kind: type = kt.oracles.HyperbandOracle, **changes: Any) -> Any:
    """Return an oracle of two brackets in a folder; bracket 1 has 3 trials of 1 epoch, and promotes 1 of them."""
    options = {"max_epochs": 3, "factor": 3, "hyperband_iterations": 1, "seed": 1} | changes
    oracle = kind(objective=kt.Objective(MONITOR, "min"), **options)
    hp = kt.HyperParameters()
    hp.Int("units", 1, 100)
    oracle.update_space(hp)
    oracle._set_project_dir(str(folder), "search")
    return oracle


def make_tuner(folder: Path, kind: type, oracle: Any) -> Any:
    """Return a tuner without the constructor's differences between Keras Tuner's class and the patched one."""
    tuner = kind.__new__(kind)
    super(kt.Hyperband, tuner).__init__(
        oracle=oracle, hypermodel=make_hyper_model(), directory=str(folder), project_name="search"
    )
    return tuner


def finish(oracle: Any, trial: Any, score: float) -> None:
    """Report a score of a trial, and end it."""
    oracle.update_trial(trial.trial_id, {MONITOR: score})
    trial.status = "COMPLETED"
    oracle.end_trial(trial)


@pytest.mark.parametrize(("kind", "in_place"), [(kt.oracles.HyperbandOracle, True), (PatchedHyperbandOracle, False)])
@pytest.mark.parametrize("name", ["oracle.json", "trial_0000/trial.json"])
def test_upstream_overwrites_its_files_in_place(tmp_path, kind, in_place, name):
    oracle = make_oracle(tmp_path, kind)
    trial = oracle.create_trial("tuner0")
    path = tmp_path / "search" / f"trial_{trial.trial_id}/trial.json" if "trial" in name else tmp_path / "search" / name
    before = path.stat().st_ino
    oracle.save()
    oracle._save_trial(trial)
    assert (path.stat().st_ino == before) is in_place


@pytest.mark.parametrize(("kind", "repeated"), [(kt.oracles.HyperbandOracle, True), (PatchedHyperbandOracle, False)])
def test_upstream_repeats_a_finished_trial_after_it_reloads(tmp_path, kind, repeated):
    oracle = make_oracle(tmp_path, kind)
    trial = oracle.create_trial("tuner0")
    finish(oracle, trial, 1.0)
    resumed = make_oracle(tmp_path, kind)
    resumed.reload()
    assert resumed.trials[trial.trial_id].status == "COMPLETED"
    assert (resumed.create_trial("tuner0").trial_id == trial.trial_id) is repeated


@pytest.mark.parametrize(("kind", "counted"), [(kt.oracles.HyperbandOracle, True), (PatchedHyperbandOracle, False)])
def test_upstream_counts_a_trial_whose_creation_was_interrupted(tmp_path, kind, counted):
    oracle = make_oracle(tmp_path, kind)
    trial = oracle.create_trial("tuner0")
    folder = tmp_path / "search"
    orphan = folder / "trial_0009/trial.json"
    orphan.parent.mkdir()
    created = read_hashed(folder / f"trial_{trial.trial_id}/trial.json")
    orphan.write_text(json.dumps({**created, "trial_id": "0009"}))
    resumed = make_oracle(tmp_path, kind)
    resumed.reload()
    assert ("0009" in resumed.trials) is counted


@pytest.mark.parametrize(("kind", "bracket"), [(kt.oracles.HyperbandOracle, 0), (PatchedHyperbandOracle, 1)])
def test_upstream_records_the_newest_bracket_for_a_promoted_trial(tmp_path, kind, bracket):
    oracle = make_oracle(tmp_path, kind)
    first = [oracle.create_trial(f"tuner{number}") for number in range(3)]
    newest = oracle.create_trial("tuner3")
    for score, trial in enumerate(first):
        finish(oracle, trial, score)
    promoted = oracle.create_trial("tuner0").hyperparameters.values
    assert promoted["tuner/trial_id"] == first[0].trial_id
    assert (first[0].hyperparameters.values["tuner/bracket"], newest.hyperparameters.values["tuner/bracket"]) == (1, 0)
    assert promoted["tuner/bracket"] == bracket


def test_upstream_draws_a_random_seed_for_seed_0(tmp_path):
    assert make_oracle(tmp_path, seed=0).seed != 0
    assert make_oracle(tmp_path, PatchedHyperbandOracle, seed=0).seed == 1


def test_upstream_ignores_a_changed_budget_when_it_reloads(tmp_path):
    make_oracle(tmp_path).save()
    resumed = make_oracle(tmp_path, hyperband_iterations=2)
    resumed.reload()
    assert resumed.hyperband_iterations == 1


@pytest.mark.parametrize(("kind", "names"), [(kt.Hyperband, {"chief", "tuner0"}), (PatchedTuner, {"tuner"})])
def test_upstream_names_its_state_after_the_id_of_the_tuner(tmp_path, monkeypatch, kind, names):
    tuner = make_tuner(tmp_path, kind, make_oracle(tmp_path))
    single = Path(tuner._get_tuner_fname()).stem
    for name, value in {"IP": "127.0.0.1", "PORT": "1"}.items():
        monkeypatch.setenv(f"KERASTUNER_ORACLE_{name}", value)
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "chief")
    tuner.tuner_id = "chief"
    assert {single, Path(tuner._get_tuner_fname()).stem} == names


def test_upstream_prints_when_it_reloads(tmp_path, capsys):
    make_tuner(tmp_path, kt.Hyperband, make_oracle(tmp_path)).save()
    make_tuner(tmp_path, kt.Hyperband, make_oracle(tmp_path))
    assert "Reloading" in capsys.readouterr().out
    PatchedTuner(
        make_oracle(tmp_path, PatchedHyperbandOracle),
        make_hyper_model(),
        directory=str(tmp_path),
        project_name="search",
    ).save()
    PatchedTuner(
        make_oracle(tmp_path, PatchedHyperbandOracle),
        make_hyper_model(),
        directory=str(tmp_path),
        project_name="search",
    )
    assert capsys.readouterr().out == ""


def test_upstream_imports_tensorboard_for_every_trial(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)  # importing it raises ImportError
    with pytest.raises(ImportError):
        make_tuner(tmp_path, kt.Hyperband, make_oracle(tmp_path))._configure_tensorboard_dir([], None)
    make_tuner(tmp_path, PatchedTuner, make_oracle(tmp_path))._configure_tensorboard_dir([], None)


class IdleOracle:
    """An oracle that is idle for five requests, and then ends the search."""

    def __init__(self) -> None:
        self.statuses = deque(["IDLE"] * 5 + ["STOPPED"])

    def create_trial(self, tuner_id: str) -> Any:
        """Return a trial with the next status."""
        del tuner_id
        return SimpleNamespace(status=self.statuses.popleft())


@pytest.mark.parametrize(("kind", "pauses"), [(kt.Hyperband, 0), (PatchedTuner, 6)])
def test_upstream_requests_trials_from_an_idle_chief_without_pause(tmp_path, monkeypatch, kind, pauses):
    tuner, slept = make_tuner(tmp_path, kind, make_oracle(tmp_path)), list[float]()
    tuner.oracle = IdleOracle()
    monkeypatch.setattr(BaseTuner, "_is_worker", lambda _: True)
    monkeypatch.setattr(time, "sleep", slept.append)
    tuner.search()
    assert len(slept) == pauses


def test_upstream_collects_garbage_for_every_model(tmp_path, monkeypatch):
    tuner, collections = make_tuner(tmp_path, kt.Hyperband, make_oracle(tmp_path)), list[int]()
    monkeypatch.setattr(gc, "collect", lambda: collections.append(1))
    hp = kt.HyperParameters()
    hp.Int("units", 1, 100)
    tuner._try_build(hp)
    assert collections
