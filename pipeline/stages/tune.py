"""Hyperband looks for the best head, or the best network; the best few are trained again over several seeds."""

import os
import time

import pandas as pd

from agelens.data_prep.core.atomic import replacing, write_json
from agelens.pipeline.config.fingerprints import tune_fingerprint
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import progress_bar, say, standing_bar
from agelens.pipeline.search.network_candidates import candidates_of, remove_activations
from agelens.pipeline.search.search_space import space_of
from agelens.pipeline.search.shares import RENEW_AFTER, part_of, train_in_shares
from agelens.pipeline.search.watch import SearchBar, search_watch
from agelens.pipeline.tracking import tracked_run
from agelens.pipeline.training_data.head_data import read_head_data
from agelens.tuning.budget import Budget, hyperband_budget
from agelens.tuning.candidates import Candidates, Pace, measure_pace
from agelens.tuning.importance import setting_importance
from agelens.tuning.recipe import Settings
from agelens.tuning.results import BestHead, describe, write_best, write_no_best
from agelens.tuning.retraining import UNTUNED, best_of, retrain, summarise_retrained, top_settings
from agelens.tuning.search import PREFIX, SearchConfig, check_chief, remove_other_searches, run_search


def run(params: Params, paths: Paths) -> None:
    """Search, unless the training wants no tuned head."""
    if params.train.use_tuned:
        search(params, paths)
        return
    paths.tune_state.mkdir(parents=True, exist_ok=True)
    write_no_best(paths.best_head)
    say("train.use_tuned is false, so nothing is searched; `agelens tune` would all the same")


def search(params: Params, paths: Paths) -> None:
    """Search, train the best anew, and write the best settings and all trials."""
    data = read_head_data(params, paths)
    fingerprint = tune_fingerprint(params, rows=data.fingerprint)
    candidates = candidates_of(params, paths, data)
    try:
        _announce(params, measure_pace(candidates))
        times = [time.perf_counter()]
        if part_of(os.environ) == "alone" and _budget(params).trials > RENEW_AFTER:
            train_in_shares(project=paths.tune_state.parents[1])  # so that nothing is left to be trained here
        trials = _search(params, paths, candidates, fingerprint=fingerprint)
        times.append(time.perf_counter())
        contestants = _contestants(params, trials)
        results = _retrain(params, paths, candidates, contestants, fingerprint=fingerprint)
        times.append(time.perf_counter())
    except KeyboardInterrupt:
        say("stopped; the same command goes on where it was")
        raise
    summary = summarise_retrained(results)
    best = best_of(summary, contestants=contestants, fingerprint=fingerprint)
    _write_results(params, paths, trials, summary, best)
    seconds = {"search": times[1] - times[0], "retraining": times[2] - times[1]}
    write_json(paths.tune_report / "seconds.json", {name: round(value, 1) for name, value in seconds.items()})
    remove_other_searches(paths.tune_state, fingerprint=fingerprint)
    remove_activations(paths)
    _tell(params, summary, contestants, best)


def train_share(params: Params, paths: Paths, *, most: int | None) -> None:
    """Train some trials of a search alone, and leave the rest and what follows to others.

    Raises:
        ShareDone: `most` trials were trained, and there may be more.
    """
    data = read_head_data(params, paths)
    fingerprint = tune_fingerprint(params, rows=data.fingerprint)
    _search(params, paths, candidates_of(params, paths, data), fingerprint=fingerprint, most=most)


def work(params: Params, paths: Paths, *, most: int | None = None) -> None:
    """Train what the chief of a search deals out, until there is no more.

    Raises:
        ShareDone: `most` trials were trained, and there may be more.
    """
    data = read_head_data(params, paths)
    fingerprint = tune_fingerprint(params, rows=data.fingerprint)
    check_chief(paths.tune_state, fingerprint=fingerprint)
    watch = search_watch(paths, fingerprint=fingerprint)
    run_search(
        candidates_of(params, paths, data),
        space=space_of(params),
        config=_config(params),
        folder=paths.tune_state,
        fingerprint=fingerprint,
        watch=watch,
        most=most,
    )


def _config(params: Params) -> SearchConfig:
    section = params.tune
    return SearchConfig(section.max_epochs, section.factor, section.hyperband_iterations, params.seed)


def _budget(params: Params) -> Budget:
    config = _config(params)
    return hyperband_budget(max_epochs=config.max_epochs, factor=config.factor, iterations=config.iterations)


def _announce(params: Params, pace: Pace) -> None:
    """Say what the search will cost."""
    section, budget = params.tune, _budget(params)
    again = (section.retrain.top + 1) * section.retrain.seeds
    minutes = pace.seconds(trials=budget.trials, epochs=budget.epochs) / 60
    more = pace.seconds(trials=again, epochs=again * section.max_epochs) / 60
    say(
        f"{budget.trials} trials, {budget.epochs} epochs: about {minutes:.1f} minutes by a first epoch of "
        f"{pace.epoch_seconds:.2f} s; then {again} trainings from scratch, about {more:.1f} minutes. "
        "What an earlier run has finished is not done again."
    )


def _search(
    params: Params, paths: Paths, candidates: Candidates, *, fingerprint: str, most: int | None = None
) -> pd.DataFrame:
    budget = _budget(params)
    with standing_bar("tuning, epochs", total=budget.epochs) as show:
        return run_search(
            candidates,
            space=space_of(params),
            config=_config(params),
            folder=paths.tune_state,
            fingerprint=fingerprint,
            most=most,
            watch=search_watch(paths, fingerprint=fingerprint, bar=SearchBar(show, trials=budget.trials)),
        )


def _contestants(params: Params, trials: pd.DataFrame) -> dict[str, Settings]:
    """Return the settings that are trained again, by name: the best by their place, and the untuned ones."""
    best = top_settings(trials, settings=list(space_of(params)), top=params.tune.retrain.top)
    return {UNTUNED: {}, **{str(place): settings for place, settings in enumerate(best, start=1)}}


def _retrain(
    params: Params,
    paths: Paths,
    candidates: Candidates,
    contestants: dict[str, Settings],
    *,
    fingerprint: str,
) -> pd.DataFrame:
    section, seeds = params.tune, range(params.seed + 1, params.seed + 1 + params.tune.retrain.seeds)
    with progress_bar("the best again, epochs", total=len(contestants) * len(seeds) * section.max_epochs) as advance:
        return retrain(
            contestants,
            candidates=candidates,
            seeds=seeds,
            epochs=section.max_epochs,
            state=paths.tune_state / f"{PREFIX}{fingerprint}/retrained.json",
            finished=lambda _: advance(1),
        )


def _write_results(params: Params, paths: Paths, trials: pd.DataFrame, summary: pd.DataFrame, best: BestHead) -> None:
    folder, settings = paths.tune_report, list(space_of(params))
    importance = setting_importance(trials, settings=settings)
    tables = {"trials": trials, "importance": importance.rename_axis("setting").rename("importance").reset_index()}
    for name, table in (tables | {"retrained": summary}).items():
        with replacing(folder / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False)
    write_best(paths.best_head, best)
    with tracked_run("tune", paths=paths, config=params.tune.model_dump(mode="json")) as tracked:
        tracked.log_table("trials", trials)
        tracked.log_table("retrained", summary)
        tracked.summarise({"val_age_mae": best.val_age_mae, "sd": best.sd, "untuned": best.untuned_val_age_mae})


def _tell(params: Params, summary: pd.DataFrame, contestants: dict[str, Settings], best: BestHead) -> None:
    """Say how the best of the search did when trained again."""
    say(f"validation MAE in years over {best.seeds} seeds, trained from scratch:")
    for row in summary.itertuples():
        say(f"  {row.mean:.3f} ± {row.sd:.3f}  {describe(contestants[str(row.name)]) or 'untuned'}")
    gain = best.untuned_val_age_mae - best.val_age_mae
    word = "more" if gain > max(best.sd, best.untuned_sd) else "NOT more"
    say(f"best {params.tune.scope}: {gain:.3f} years better than the untuned one, {word} than the spread of seeds")
