"""The progress bar of a search."""

from agelens.pipeline.search.listeners import SearchBar
from agelens.tuning.search_progress import SearchProgress, TrialInfo

INFO = TrialInfo(trial="0004", settings={"units": 64}, bracket=2, round=1, initial_epoch=3, epochs=7)


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
