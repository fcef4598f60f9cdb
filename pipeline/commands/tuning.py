"""`agelens tune`: a search in the role of this process."""

import os
import sys
from contextlib import nullcontext

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.config.project_lock import project_lock
from agelens.pipeline.progress import say
from agelens.pipeline.reports.search_report import draw_search
from agelens.pipeline.search.processes import TRIAL_LIMIT_STATUS, TUNER_ID, role_of
from agelens.pipeline.search.run import train_trials, work_for_chief
from agelens.pipeline.search.workers import local_workers
from agelens.pipeline.stages.tune import search_and_write
from agelens.tuning.search import TrialLimitReached


def search_in_role(params: Params, paths: Paths, *, workers: int, max_trials: int | None = None) -> None:
    """Search in a single process, with worker processes, or in the role that the environment sets.

    Args:
        params: The settings.
        paths: The project.
        workers: Number of worker processes to start; 1 trains the trials without workers.
        max_trials: Only train so many trials, then exit with status `TRIAL_LIMIT_STATUS` if more may be left.

    Raises:
        ParamsError: Workers are requested, but the environment already sets a role.
    """
    role = role_of(os.environ)
    if role != "single" and workers > 1:
        msg = f"Either start workers with --workers, or set {TUNER_ID} to share a search, not both."
        raise ParamsError(msg)
    try:
        # Workers and child processes write beside the process that holds the project.
        if role == "worker":
            work_for_chief(params, paths, max_trials=max_trials)
        elif max_trials is not None:
            train_trials(params, paths, max_trials=max_trials)
        else:
            with project_lock(paths), local_workers(workers, logs=paths.tune_state) if workers > 1 else nullcontext():
                _search(params, paths)
    except TrialLimitReached:
        sys.exit(TRIAL_LIMIT_STATUS)


def _search(params: Params, paths: Paths) -> None:
    """Search outside of DVC: an output of the stage `tune` stays as DVC knows it until `dvc repro` writes it."""
    search_and_write(params, paths, folder=paths.search_report)
    draw_search(paths.search_report, paths.search_report)
    use = "`dvc repro` takes it over" if params.train.use_tuned else "set train.use_tuned to true to train with it"
    say(f"the search is in {paths.search_report}; {use}")
