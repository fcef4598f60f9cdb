"""What people see of a search: one bar on the screen, and a W&B run for each trial."""

from collections.abc import Callable
from typing import Any

from agelens.models.training.history import MONITOR
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.tracking import tracked_run
from agelens.tuning.candidates import Log
from agelens.tuning.search_progress import Standing, TrialPlace, Watch


class SearchBar:
    """Turns what a search reports into one bar of epochs, with the best score and the present rung beside it.

    Args:
        show: Takes the number of epochs that are done, and a note.
        trials: How many trials the whole search has.
    """

    def __init__(self, show: Callable[[int, str], None], *, trials: int) -> None:
        self._show, self._trials = show, trials
        self._standing = Standing(trials=0, epochs=0, best=float("nan"), failed=0)

    def standing(self, standing: Standing) -> None:
        """Show what all processes have done."""
        self._standing = standing
        self._show(standing.epochs, self._note())

    def epoch(self, place: TrialPlace, log: Log) -> None:
        """Show one more epoch of a trial of this process."""
        rung = f"bracket {place.bracket}, rung {place.round + 1} of {place.bracket + 1}"
        done = self._standing.epochs + int(log["epoch"]) - place.begins
        self._show(done, f"{self._note()}, {rung}")

    def _note(self) -> str:
        best = f"best {self._standing.best:.2f} years" if self._standing.trials else "no trial yet"
        return f"{best}, trial {min(self._standing.trials + 1, self._trials)} of {self._trials}"


def search_watch(paths: Paths, *, fingerprint: str, bar: SearchBar | None = None) -> Watch:
    """Return who is told of a search: W&B, and the bar where there is one."""

    def trained(place: TrialPlace, logs: list[Log]) -> None:
        log_trial(paths, place, logs, group=f"search-{fingerprint}")

    return Watch(trained=trained) if bar is None else Watch(bar.epoch, trained, bar.standing)


def log_trial(paths: Paths, place: TrialPlace, logs: list[Log], *, group: str) -> None:
    """Log a trial to W&B: its settings and rung, its curve, and its best score."""
    config: dict[str, Any] = {
        **place.settings,
        "bracket": place.bracket,
        "rung": place.round + 1,
        "epochs": place.epochs,
    }
    with tracked_run("trial", paths=paths, config=config, name=f"trial {place.trial}", group=group) as run:
        for log in logs:
            run.log_epoch(log)
        run.summarise({MONITOR: min(log[MONITOR] for log in logs)})
