"""A search from start to end: the announcement, the trials, and the retraining of the best settings.

`run_whole_search` is for a single process or the chief. `train_trials` and `work_for_chief` are for child processes and
workers, which only train trials.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from agelens.pipeline.config.fingerprints import tune_fingerprint
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import annotated_progress_bar, progress_bar, say
from agelens.pipeline.search.listeners import SearchBar, search_listener
from agelens.pipeline.search.network_factory import model_factory_of, remove_activations
from agelens.pipeline.search.processes import TRIALS_PER_PROCESS, role_of, train_in_processes
from agelens.pipeline.search.search_space import space_of
from agelens.pipeline.tracking.trials import TrialRuns
from agelens.pipeline.training_data.head_data import read_head_data
from agelens.tuning.model_factory import ModelFactory, Timing, measure_timing
from agelens.tuning.recipe import Settings
from agelens.tuning.results import BestSettings, describe_winner, format_settings
from agelens.tuning.retraining import UNTUNED, retrain, select_best, summarise_retrained, top_settings
from agelens.tuning.search import (
    remove_other_searches,
    run_search,
    search_folder,
    search_is_finished,
    wait_for_chief,
)
from agelens.tuning.search_config import SearchConfig
from agelens.tuning.trial_logs import read_curves


@dataclass(frozen=True)
class SearchResult:
    """The result of a search.

    Args:
        trials: One row per trial, best first; see `agelens.tuning.search.run_search`.
        curves: One row per trial and epoch; see `agelens.tuning.trial_logs.read_curves`.
        scores: One row per retrained configuration and seed; see `agelens.tuning.retraining.retrain`.
        retrained: One row per retrained configuration; see `agelens.tuning.retraining.summarise_retrained`.
        configurations: Settings of the retrained configurations by name.
        best: The best settings.
        seconds: Duration of `search` and `retraining` in this process.
    """

    trials: pd.DataFrame
    curves: pd.DataFrame
    scores: pd.DataFrame
    retrained: pd.DataFrame
    configurations: Mapping[str, Settings]
    best: BestSettings
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class _Search:
    """What all steps of a search share."""

    params: Params
    paths: Paths
    factory: ModelFactory
    fingerprint: str

    @classmethod
    def prepare(cls, params: Params, paths: Paths, *, join_chief: bool = False) -> "_Search":
        """Read the data and build the factory; with `join_chief`, first wait until a chief has started this search."""
        data = read_head_data(params, paths)
        fingerprint = tune_fingerprint(params, rows=data.fingerprint)
        if join_chief:
            wait_for_chief(paths.tune_state, fingerprint=fingerprint)
        return cls(params, paths, model_factory_of(params, paths, data), fingerprint)

    @property
    def config(self) -> SearchConfig:
        """The tuner and its budget."""
        return self.params.tune.config(seed=self.params.seed)

    @property
    def folder(self) -> Path:
        """Where the state of the search is."""
        return search_folder(self.paths.tune_state, fingerprint=self.fingerprint)

    def train_trials(self, *, bar: SearchBar | None, max_trials: int | None = None) -> pd.DataFrame:
        """Train trials until none is left, or `max_trials`."""
        with TrialRuns(self.params, self.paths) as runs:
            return run_search(
                self.factory,
                space=space_of(self.params),
                config=self.config,
                folder=self.paths.tune_state,
                fingerprint=self.fingerprint,
                listener=search_listener(runs, bar=bar),
                max_trials=max_trials,
            )

    def train_trials_with_bar(self, *, max_trials: int | None = None) -> pd.DataFrame:
        """Train trials and show a progress bar of the whole search."""
        budget = self.config.budget
        with annotated_progress_bar("search, epochs", total=budget.epochs) as show:
            return self.train_trials(
                bar=SearchBar(show, trials=budget.trials, rungs=self.config.tuner == "hyperband"), max_trials=max_trials
            )

    def retrain(self, configurations: Mapping[str, Settings]) -> pd.DataFrame:
        """Train configurations from scratch with several seeds."""
        section, first_seed = self.params.tune, self.params.seed + 1
        seeds = range(first_seed, first_seed + section.retrain.seeds)
        epochs = len(configurations) * len(seeds) * section.max_epochs
        with progress_bar("retraining, epochs", total=epochs) as advance:
            return retrain(
                configurations,
                factory=self.factory,
                seeds=seeds,
                epochs=section.max_epochs,
                state=self.folder / "retrained.json",
                on_epoch_end=lambda _: advance(1),
            )


def run_whole_search(params: Params, paths: Paths) -> SearchResult:
    """Train all trials and retrain the best settings."""
    search = _Search.prepare(params, paths)
    try:
        times = [time.perf_counter()]
        if search_is_finished(paths.tune_state, fingerprint=search.fingerprint):
            say("an earlier run finished all trials of this search")
        else:
            _announce(params, measure_timing(search.factory))
            if role_of(os.environ) == "single" and search.config.budget.trials > TRIALS_PER_PROCESS:
                train_in_processes(project=paths.tune_state.parents[1])  # leaves no trial for this process
        trials = search.train_trials_with_bar()
        times.append(time.perf_counter())
        configurations = _configurations(params, trials)
        results = search.retrain(configurations)
        times.append(time.perf_counter())
    except KeyboardInterrupt:
        say("stopped; run the same command to resume the search")
        raise
    retrained = summarise_retrained(results)
    return SearchResult(
        trials=trials,
        curves=read_curves(search.folder, trials["trial"].tolist()),
        scores=results,
        retrained=retrained,
        configurations=configurations,
        best=select_best(retrained, configurations=configurations, fingerprint=search.fingerprint),
        seconds={"search": times[1] - times[0], "retraining": times[2] - times[1]},
    )


def train_trials(params: Params, paths: Paths, *, max_trials: int) -> None:
    """Train some trials of the search of a single process.

    Raises:
        TrialLimitReached: `max_trials` trials were trained, and more may be left.
    """
    _Search.prepare(params, paths).train_trials_with_bar(max_trials=max_trials)


def work_for_chief(params: Params, paths: Paths, *, max_trials: int | None = None) -> None:
    """Train trials that a chief creates, until none is left.

    Raises:
        ParamsError: No chief has started this search.
        TrialLimitReached: `max_trials` trials were trained, and more may be left.
    """
    _Search.prepare(params, paths, join_chief=True).train_trials(bar=None, max_trials=max_trials)


def remove_search_state(paths: Paths, *, fingerprint: str) -> None:
    """Remove what a finished search no longer needs: the state of other searches, and the cached trunk."""
    remove_other_searches(paths.tune_state, fingerprint=fingerprint)
    remove_activations(paths)


def print_result(params: Params, result: SearchResult) -> None:
    """Print the retrained configurations, and whether the best or the untuned one won."""
    best = result.best
    if best.seeds > 1:
        say(f"validation MAE in years of {best.seeds} trainings from scratch (mean ± standard deviation over seeds):")
    else:
        say("validation MAE in years of one training from scratch:")
    for row in result.retrained.itertuples():
        settings = format_settings(result.configurations[str(row.name)])
        spread = f" ± {row.sd:.3f}" if best.seeds > 1 else ""
        say(f"  {row.mean:.3f}{spread}  {settings or 'untuned'}")
    say(describe_winner(best, scope=params.tune.scope))
    if best.winner == "untuned":
        say("`train` therefore uses the settings of params.yaml")


def _configurations(params: Params, trials: pd.DataFrame) -> dict[str, Settings]:
    """Return the settings to retrain by name: the untuned ones, and the best ones by rank."""
    best = top_settings(trials, settings=list(space_of(params)), top=params.tune.retrain.top)
    return {UNTUNED: {}, **{str(rank): settings for rank, settings in enumerate(best, start=1)}}


def _announce(params: Params, timing: Timing) -> None:
    """Print the size and the expected duration of the search."""
    section, budget = params.tune, params.tune.config(seed=params.seed).budget
    trainings = (section.retrain.top + 1) * section.retrain.seeds
    minutes = timing.seconds(trials=budget.trials, epochs=budget.epochs) / 60
    retraining_minutes = timing.seconds(trials=trainings, epochs=trainings * section.max_epochs) / 60
    say(
        f"{section.tuner}: {budget.trials} trials with {budget.epochs} epochs in total: about {minutes:.1f} minutes at "
        f"{timing.epoch_seconds:.2f} s per epoch; then {trainings} trainings from scratch: about "
        f"{retraining_minutes:.1f} minutes. Trials that an earlier run finished are not repeated."
    )
