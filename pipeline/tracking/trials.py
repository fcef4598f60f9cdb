"""The W&B run of each trial of a search: in the group of the search, with curves while it trains."""

import contextlib
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, Self

from agelens.models.training.history import MONITOR
from agelens.pipeline.config.fingerprints import fingerprint
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.tracking.executions import current_execution
from agelens.pipeline.tracking.modes import wandb_mode
from agelens.pipeline.tracking.names import new_id, tags_of
from agelens.pipeline.tracking.open_runs import find_open_run
from agelens.pipeline.tracking.run import Run
from agelens.pipeline.tracking.runs import started_run
from agelens.pipeline.tracking.termination import exit_at_sigterm
from agelens.tuning.model_factory import EpochLogs
from agelens.tuning.search_progress import TrialInfo

TRIAL_SETTINGS = {"console": "off", "x_disable_stats": True}
"""The run of the search records machine and output; a trial takes seconds, and the machine is sampled every 15 s."""


class _TrialFailed(Exception):
    """Ends the block of a run as failed."""


def search_identity(params: Params) -> dict[str, Any]:
    """Return what identifies a search for its run: a stopped one with the same settings resumes the run."""
    return params.model_dump(mode="json")


class TrialRuns:
    """Starts a run with the first epoch of each trial that this process trains, and finishes it with the trial.

    A context manager; at its end, the run of a trial that was stopped is finished as failed.

    Args:
        params: The settings.
        paths: Paths of the project.
    """

    def __init__(self, params: Params, paths: Paths) -> None:
        self._params, self._paths = params, paths
        self._enabled = wandb_mode() != "disabled"
        self._trial: str | None = None
        self._run = Run(None)
        self._open, self._handler = ExitStack(), ExitStack()

    def __enter__(self) -> Self:
        if self._enabled:
            self._handler.enter_context(exit_at_sigterm())
        return self

    def __exit__(self, *raised: Any) -> None:
        with self._handler:
            self._open.__exit__(*raised)

    def on_epoch_end(self, info: TrialInfo, logs: EpochLogs) -> None:
        """Log an epoch of a trial."""
        if not self._enabled:
            return
        if self._trial != info.trial:
            self._end_failed()
            self._trial, self._run = info.trial, self._open.enter_context(self._start(info))
        self._run.log_epoch(logs)

    def on_trial_end(self, info: TrialInfo, logs: list[EpochLogs]) -> None:
        """Finish the run of a trial with its lowest validation MAE."""
        if self._trial == info.trial:
            self._run.summarise({"best/val_age_mae": min(epoch[MONITOR] for epoch in logs)})
            self._open.close()
            self._trial = None

    def _end_failed(self) -> None:
        """End the run of a trial that did not end: Keras Tuner continues after an error in one."""
        with contextlib.suppress(_TrialFailed), self._open:
            if self._trial is not None:
                raise _TrialFailed

    def _start(self, info: TrialInfo) -> Any:
        execution = current_execution(self._paths)
        search = find_open_run(self._paths, "tune", fingerprint=fingerprint(search_identity(self._params)))
        trial = f"trial {info.trial}"
        return started_run(
            execution,
            paths=self._paths,
            settings=TRIAL_SETTINGS,
            id=f"{search.id}-{info.trial}" if search else new_id(f"trial-{info.trial}"),
            name=f"{trial}, rung {info.round + 1} of {info.bracket + 1}",
            job_type="trial",
            group=search.group if search else execution.group,
            tags=tags_of(self._params),
            config=_config(info, search=search.id if search else None),
        )


def _config(info: TrialInfo, *, search: str | None) -> Mapping[str, Any]:
    """Return the settings of a trial and its place in the search."""
    return {
        **info.settings,
        "bracket": info.bracket,
        "rung": info.round + 1,
        "epochs": info.epochs,
        "continues": info.parent,
        "search": search,
    }
