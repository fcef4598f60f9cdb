"""The progress bar of a search, and the W&B run of each trial."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agelens.pipeline.config.paths import Paths
from agelens.pipeline.search import listeners
from agelens.pipeline.search.listeners import SearchBar
from agelens.tuning.search_progress import SearchProgress, TrialInfo

INFO = TrialInfo(trial="0004", settings={"units": 64}, bracket=2, round=1, initial_epoch=3, epochs=7)


class FakeRun:
    """Records what is logged."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self.epochs: list[Mapping[str, float]] = []
        self.summary: dict[str, Any] = {}

    def log_epoch(self, values: Mapping[str, float]) -> None:
        self.epochs.append(values)

    def summarise(self, values: Mapping[str, Any]) -> None:
        self.summary |= values


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    """Return the run that `tracked_run` yields."""
    fake = FakeRun()

    @contextmanager
    def start(job: str, **options: Any) -> Iterator[FakeRun]:
        fake.options = {"job": job, **options}
        yield fake

    monkeypatch.setattr(listeners, "tracked_run", start)
    return fake


def test_the_bar_shows_epochs_best_score_and_rung() -> None:
    shown: list[tuple[int, str]] = []
    bar = SearchBar(lambda done, note: shown.append((done, note)), trials=60)
    bar.on_progress(SearchProgress(trials=0, epochs=0, best=float("nan"), failed=0))
    bar.on_progress(SearchProgress(trials=4, epochs=12, best=6.789, failed=0))
    bar.on_epoch_end(INFO, {"epoch": 5})
    assert shown == [
        (0, "no trial yet, trial 1 of 60"),
        (12, "best 6.79 years, trial 5 of 60"),
        (14, "best 6.79 years, trial 5 of 60, bracket 2, rung 2 of 3"),
    ]


def test_the_number_of_the_trial_never_exceeds_the_number_of_trials() -> None:
    shown: list[str] = []
    SearchBar(lambda _, note: shown.append(note), trials=6).on_progress(SearchProgress(6, 30, 5.0, failed=0))
    assert shown == ["best 5.00 years, trial 6 of 6"]


def test_a_trial_is_logged_with_its_settings_its_rung_and_its_epochs(run: FakeRun, tmp_path: Path) -> None:
    listener = listeners.search_listener(Paths(tmp_path), fingerprint="abc")
    listener.on_trial_end(INFO, [{"epoch": 4, "val_age_mae": 7.0}, {"epoch": 5, "val_age_mae": 6.5}])
    assert run.options["job"] == "trial"
    assert run.options["group"] == "search-abc"
    assert run.options["name"] == "trial 0004"
    assert run.options["config"] == {"units": 64, "bracket": 2, "rung": 2, "epochs": 7}
    assert [epoch["epoch"] for epoch in run.epochs] == [4, 5]
    assert run.summary == {"val_age_mae": 6.5}
