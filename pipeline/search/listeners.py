"""How a running search is reported: a progress bar in the terminal, and one W&B run per trial."""

from collections.abc import Callable

from agelens.pipeline.progress import warn
from agelens.pipeline.tracking.trials import TrialRuns
from agelens.tuning.model_factory import EpochLogs
from agelens.tuning.search_progress import SearchListener, SearchProgress, TrialInfo


class SearchBar:
    """Shows a search as a progress bar of epochs, with a note of the best score and the current trial.

    Args:
        show: Takes the number of finished epochs and the note.
        trials: Number of trials of the whole search.
        rungs: Whether to name the rung of the current trial.
    """

    def __init__(self, show: Callable[[int, str], None], *, trials: int, rungs: bool = True) -> None:
        self._show, self._trials, self._rungs = show, trials, rungs
        self._progress = SearchProgress(trials=0, epochs=0, best=float("nan"), failed=0)

    def on_progress(self, progress: SearchProgress) -> None:
        """Show the progress of all processes."""
        self._progress = progress
        self._show(progress.epochs, self._note())

    def on_epoch_end(self, info: TrialInfo, logs: EpochLogs) -> None:
        """Show one more epoch of a trial of this process."""
        rung = f", bracket {info.bracket}, rung {info.round + 1} of {info.bracket + 1}" if self._rungs else ""
        finished = self._progress.epochs + int(logs["epoch"]) - info.initial_epoch
        self._show(finished, f"{self._note()}{rung}")

    def _note(self) -> str:
        best = f"best {self._progress.best:.2f} years" if self._progress.trials else "no trial yet"
        return f"{best}, trial {min(self._progress.trials + 1, self._trials)} of {self._trials}"


def search_listener(runs: TrialRuns, *, bar: SearchBar | None = None) -> SearchListener:
    """Return the listener of a search, which reports to W&B and to the progress bar if there is one."""
    if bar is None:
        return SearchListener(runs.on_epoch_end, runs.on_trial_end, on_damage=warn)

    def on_epoch_end(info: TrialInfo, logs: EpochLogs) -> None:
        runs.on_epoch_end(info, logs)
        bar.on_epoch_end(info, logs)

    return SearchListener(on_epoch_end, runs.on_trial_end, bar.on_progress, warn)
