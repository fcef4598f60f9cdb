"""Draw every plot and page from the files that the stages `train`, `tune` and `evaluate` leave."""

import pandas as pd

from agelens.data_prep.core.atomic import write_json
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.images import Pixels, read_rgb
from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.core.tables import PREDICTIONS, REJECTED, SPLIT, read_table
from agelens.models.evaluation.metrics import worst_cases
from agelens.pipeline.config.lineage import KEY, common_lineage
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import say
from agelens.pipeline.reports.evaluation_report import draw_evaluation, write_report
from agelens.pipeline.reports.figures import write_figure
from agelens.pipeline.reports.search_report import draw_search
from agelens.pipeline.reports.training_plots import draw_age_distribution, draw_history
from agelens.pipeline.tracking import tracked_run


def run(params: Params, paths: Paths) -> None:
    """Draw the search, the training and the evaluation, as far as they have been run, and log the plots to W&B.

    Raises:
        DataError: There is neither a search nor an evaluation.
    """
    draw_search(paths.tune_report, paths.report)
    if paths.predictions.is_file():
        lineage = common_lineage(paths.training, paths.evaluation_lineage, stage="evaluate")
        _report_evaluation(params, paths)
        write_json(paths.report_lineage, {KEY: lineage})
    plots = sorted(paths.report.glob("*.png"))
    if not plots:
        msg = "There is neither a search nor an evaluation to draw; run `dvc repro`."
        raise DataError(msg)
    with tracked_run("report", paths=paths, config=params.model_dump(mode="json")) as tracked:
        for plot in plots:
            tracked.log_image(plot.stem, plot)
    say(f"plots and pages are in {paths.report}")


def _report_evaluation(params: Params, paths: Paths) -> None:
    """Draw the plots of training and evaluation, and write the page that holds them."""
    predictions = read_table(paths.predictions, PREDICTIONS)
    slices = pd.read_csv(paths.slices, keep_default_na=False, na_values=[""])
    history = pd.read_csv(paths.train_report / "history.csv")
    splits = {
        "train": read_table(paths.split_train, SPLIT),
        "val": read_table(paths.split_val, SPLIT),
        "test": read_table(paths.split_test, SPLIT),
    }
    groups, coverage = AgeGroups(tuple(params.age_groups)), params.calibrate.coverage
    figures = {
        **draw_evaluation(predictions, slices, groups=groups, coverage=coverage),
        "history": draw_history(history),
        "age_distribution": draw_age_distribution(splits),
    }
    for name, figure in figures.items():
        write_figure(paths.report / f"{name}.png", figure)
    write_report(
        paths.report / "report.html",
        title=f"{params.model.backbone} on {', '.join(params.sources)}",
        predictions=predictions,
        slices=slices,
        figures=figures,
        train_median=float(splits["train"]["age"].median()),
        coverage=coverage,
        splits=splits,
        rejected={
            "build_manifest": read_table(paths.manifest_rejected, REJECTED),
            "crop_faces": read_table(paths.faces_rejected, REJECTED),
            "deduplicate": read_table(paths.grouped_rejected, REJECTED),
        },
        params=params.model_dump(mode="json"),
        worst_crops=_worst_crops(predictions, splits["test"], paths) if params.report.show_faces else None,
    )


def _worst_crops(predictions: pd.DataFrame, test: pd.DataFrame, paths: Paths) -> dict[str, Pixels]:
    crops = test.set_index("image_id")["crop"]
    return {name: read_rgb(paths.crops / crops[name]) for name in worst_cases(predictions)["image_id"]}
