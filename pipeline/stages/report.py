"""Draw every chart and page from the files that the stages `train`, `tune` and `evaluate` leave."""

import pandas as pd

from agelens.data_prep.core.atomic import read_json, write_json
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.hashing import file_hash
from agelens.data_prep.core.images import Pixels, read_rgb
from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.core.tables import REJECTED, SPLIT, read_figures, read_table
from agelens.models.calibration.calibration import Calibration
from agelens.pipeline.config.lineage import KEY, Lineage, common_lineage
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.config.yaml_file import read_yaml
from agelens.pipeline.evaluation_report.cases import choose_cases
from agelens.pipeline.evaluation_report.comparison import compare, keep_run
from agelens.pipeline.evaluation_report.lineage import describe_run
from agelens.pipeline.evaluation_report.report import PreviousRun, Run, draw_charts, write_report
from agelens.pipeline.evaluation_report.results import Results, read_results
from agelens.pipeline.evaluation_report.training_charts import CURVES
from agelens.pipeline.progress import say
from agelens.pipeline.reports.charts import write_chart
from agelens.pipeline.reports.search_report import draw_search
from agelens.pipeline.tracking.runs import tracked_run


def run(params: Params, paths: Paths) -> None:
    """Draw the search, the training and the evaluation, as far as they have been run, and log the plots to W&B.

    Raises:
        DataError: There is neither a search nor an evaluation.
    """
    draw_search(paths.tune_report, paths.report)
    if paths.overall.is_file():
        lineage = common_lineage(paths.training, paths.evaluation_lineage, stage="evaluate")
        _report_evaluation(params, paths, lineage)
    plots = sorted(paths.report.glob("*.png"))
    if not plots:
        msg = "There is neither a search nor an evaluation to draw; run `dvc repro`."
        raise DataError(msg)
    with tracked_run("report", params=params, paths=paths) as tracked:
        for plot in plots:
            tracked.log_image(plot.stem, plot)
    say(f"plots and pages are in {paths.report}")


def _report_evaluation(params: Params, paths: Paths, lineage: Lineage) -> None:
    """Draw the charts of training and evaluation, and write the page that holds them."""
    results, about = read_results(paths.evaluation), _run(params, paths, lineage)
    previous = _previous(results, about, paths)
    charts = draw_charts(results, about, AgeGroups(tuple(params.age_groups)), previous)
    for name, chart in charts.items():
        write_chart(paths.report / f"{name}.png", chart.chart, chart.title)
    write_json(paths.report_lineage, {KEY: lineage, **about.lineage})
    if previous:
        write_json(paths.report / "comparison.json", previous.comparison)
    crops = _crops(results, about.splits["test"], paths) if params.report.show_faces else None
    write_report(
        paths.report / "report.html", results=results, run=about, charts=charts, previous=previous, crops=crops
    )


def _run(params: Params, paths: Paths, lineage: Lineage) -> Run:
    splits = {"train": paths.split_train, "val": paths.split_val, "test": paths.split_test}
    settings = params.model_dump(mode="json")
    written = read_yaml(paths.params) if paths.params.is_file() else settings
    files = lineage | {f"{name} split": file_hash(path)[:16] for name, path in splits.items()}
    return Run(
        title=f"{params.model.backbone} on {', '.join(params.sources)}",
        history=read_figures(paths.train_report / "history.csv", numbers=CURVES),
        splits={name: read_table(path, SPLIT) for name, path in splits.items()},
        rejected={
            "build_manifest": read_table(paths.manifest_rejected, REJECTED),
            "crop_faces": read_table(paths.faces_rejected, REJECTED),
            "deduplicate": read_table(paths.grouped_rejected, REJECTED),
        },
        lineage=describe_run(paths.root, files=files, params=settings, data=written),
        coverage=params.calibrate.coverage,
        calibration=Calibration.from_json(read_json(paths.calibration)) if paths.calibration.is_file() else None,
    )


def _previous(results: Results, about: Run, paths: Paths) -> PreviousRun | None:
    """Keep this run for the next report, and return the comparison with the run before."""
    folder = keep_run(paths.compared_runs, paths.evaluation, about.lineage)
    if folder is None:
        return None
    before = read_results(folder)
    comparison = compare(
        results.overall, before.overall, predictions=results.predictions, predictions_before=before.predictions
    )
    return PreviousRun(read_json(folder / "run.json"), before.slices, comparison)


def _crops(results: Results, test: pd.DataFrame, paths: Paths) -> dict[str, Pixels]:
    crops = test.set_index("image_id")["crop"]
    names = {name for table in choose_cases(results.predictions).values() for name in table["image_id"]}
    return {name: read_rgb(paths.crops / crops[name]) for name in sorted(names)}
