"""Stage `tune`: search for the best settings of the head or of the whole network."""

from pathlib import Path

import pandas as pd

from agelens.data_prep.core.atomic import replacing, write_json
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import say
from agelens.pipeline.search.run import SearchResult, print_result, remove_search_state, run_whole_search
from agelens.pipeline.search.search_space import describe_search, space_of
from agelens.pipeline.tracking.run import Run
from agelens.pipeline.tracking.runs import tracked_run
from agelens.pipeline.tracking.trials import search_identity
from agelens.pipeline.training.chosen_recipe import chosen_recipe, effective_recipe
from agelens.tuning.importance import setting_importance
from agelens.tuning.results import BestSettings, write_best, write_no_best
from agelens.tuning.search import search_folder


def run(params: Params, paths: Paths) -> None:
    """Search if `train.use_tuned` is true; otherwise write a result without settings. Write the recipe of `train`."""
    best = None
    if params.train.use_tuned:
        best = search_and_write(params, paths, folder=paths.tune_report)
    else:
        write_no_best(paths.best_settings)
        say("train.use_tuned is false, so the search is skipped; `agelens tune` runs it anyway")
    write_json(paths.recipe, effective_recipe(chosen_recipe(params, best)))


def search_and_write(params: Params, paths: Paths, *, folder: Path) -> BestSettings:
    """Search, write the best settings, all trials and the retrained configurations into a folder, return the best."""
    with tracked_run("tune", params=params, paths=paths, resumed_by=search_identity(params)) as tracked:
        result = run_whole_search(params, paths)
        _log_result(tracked, result)
    _write_result(params, paths, result, folder=folder)
    remove_search_state(paths, fingerprint=result.best.fingerprint)
    print_result(params, result)
    return result.best


def _write_result(params: Params, paths: Paths, result: SearchResult, *, folder: Path) -> None:
    """Write the result of a search into a folder."""
    importance = setting_importance(result.trials, settings=list(space_of(params)))
    write_json(folder / "search.json", describe_search(params))
    _write_table(folder / "trials.csv", result.trials)
    _write_table(folder / "curves.csv", result.curves)
    _write_table(folder / "retrained.csv", result.retrained)
    _write_table(folder / "retrained_seeds.csv", result.scores)
    _write_table(folder / "importance.csv", importance.rename_axis("setting").reset_index(name="importance"))
    seconds = {name: round(value, 1) for name, value in result.seconds.items()}
    duration = search_folder(paths.tune_state, fingerprint=result.best.fingerprint) / "seconds.json"
    if not duration.exists():  # a finished search that is run again takes no time
        write_json(duration, seconds)
    write_best(folder / paths.best_settings.name, result.best)


def _log_result(tracked: Run, result: SearchResult) -> None:
    best = result.best
    tracked.log_table("trials", result.trials)
    tracked.log_table("retrained", result.retrained)
    tracked.summarise({"val_age_mae": best.val_age_mae, "sd": best.sd, "untuned": best.untuned_val_age_mae})


def _write_table(path: Path, table: pd.DataFrame) -> None:
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False)
