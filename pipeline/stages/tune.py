"""Hyperband looks for the best head on the cached features."""

from collections.abc import Callable

import pandas as pd

from data_prep.atomic import replacing
from models.heads import build_head
from models.plots import write_figure
from models.search_plots import draw_trials
from pipeline.choices import head_config_of, objective_of
from pipeline.fingerprints import tune_fingerprint
from pipeline.head_data import HeadData, read_head_data
from pipeline.params import Params
from pipeline.paths import Paths
from pipeline.progress import progress_bar, say
from pipeline.tracking import tracked_run
from tuning.budget import hyperband_budget
from tuning.results import best_of, write_best
from tuning.search import SETTINGS, SearchConfig, remove_other_searches, search_heads
from tuning.space import SearchSpace


def run(params: Params, paths: Paths) -> None:
    """Search, and write the best settings and all trials."""
    section = params.tune
    budget = hyperband_budget(
        max_epochs=section.max_epochs, factor=section.factor, iterations=section.hyperband_iterations
    )
    say(f"{budget.trials} trials, {budget.epochs} epochs of the head")
    data = read_head_data(params, paths)
    fingerprint = tune_fingerprint(params, rows=data.fingerprint)
    with (
        tracked_run("tune", paths=paths, config=section.model_dump()) as tracked,
        progress_bar("tuning the head", total=budget.trials) as advance,
    ):
        trials = _search(params, paths, data, fingerprint=fingerprint, finished=lambda _: advance(1))
        best = best_of(trials, fingerprint=fingerprint)
        with replacing(paths.tune_report / "trials.csv") as temporary:
            trials.to_csv(temporary, index=False)
        picture = paths.tune_report / "trials.png"
        write_figure(picture, draw_trials(trials, SETTINGS))
        write_best(paths.best_head, best)
        tracked.log_table("trials", trials)
        tracked.log_picture("trials_plot", picture)
        tracked.summarise({"val_age_mae": best.val_age_mae})
    remove_other_searches(paths.tune_state, fingerprint=fingerprint)
    say(
        f"best head: {best.units} units, dropout {best.dropout}, learning rate {best.learning_rate:g}, "
        f"validation MAE {best.val_age_mae:.2f} years"
    )


def _search(
    params: Params, paths: Paths, data: HeadData, *, fingerprint: str, finished: Callable[[float], None]
) -> pd.DataFrame:
    section, base = params.tune, head_config_of(params)
    outputs = build_head(base, features=data.width, groups=len(params.age_groups)).output
    training, steps, validation = data.datasets(outputs=outputs, batch_size=section.batch_size, seed=params.seed)
    return search_heads(
        training,
        validation,
        steps=steps,
        features=data.width,
        groups=len(params.age_groups),
        base=base,
        objective=objective_of(params),
        space=SearchSpace(tuple(section.units), tuple(section.dropout), tuple(section.learning_rate)),
        config=SearchConfig(section.max_epochs, section.factor, section.hyperband_iterations, params.seed),
        folder=paths.tune_state,
        fingerprint=fingerprint,
        start_age=data.start_age,
        finished=finished,
    )
