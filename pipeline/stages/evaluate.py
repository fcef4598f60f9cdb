"""The test split, which nothing before has seen, judges the network."""

import json
from pathlib import Path

import pandas as pd

from agelens.data_prep.core.atomic import replacing, write_json
from agelens.data_prep.core.images import Pixels, read_rgb
from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.core.tables import PREDICTIONS, REJECTED, SPLIT, read_table, write_table
from agelens.models.calibration.intervals import Calibration
from agelens.models.evaluation.metrics import (
    by_band,
    by_slice,
    median_baseline_mae,
    overall_intervals,
    predictions_table,
    summarise,
    worst_band,
    worst_cases,
)
from agelens.models.serving.predictions import decode
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import say
from agelens.pipeline.reports.plots import write_figure
from agelens.pipeline.reports.report import evaluation_figures, write_report
from agelens.pipeline.tracking import tracked_run
from agelens.pipeline.training_data.network_outputs import predict_rows, read_age_net


def run(params: Params, paths: Paths) -> None:
    """Predict the test rows and write metrics, plots and the report."""
    groups = AgeGroups(tuple(params.age_groups))
    splits = {
        "train": read_table(paths.split_train, SPLIT),
        "val": read_table(paths.split_val, SPLIT),
        "test": read_table(paths.split_test, SPLIT),
    }
    outputs = predict_rows(read_age_net(params, paths), splits["test"], paths=paths, label="predicting test")
    calibration = Calibration.from_json(json.loads(paths.calibration.read_text()))
    predictions = predictions_table(splits["test"], decode(outputs, calibration=calibration, groups=groups))
    slices = by_slice(predictions, seed=params.seed, resamples=params.evaluate.resamples)
    _write_tables(predictions, slices, splits["train"], paths)
    _write_pictures(params, paths, predictions=predictions, slices=slices, splits=splits, groups=groups)
    _track(params, paths)


def _write_tables(predictions: pd.DataFrame, slices: pd.DataFrame, train: pd.DataFrame, paths: Paths) -> None:
    write_table(paths.predictions, predictions, PREDICTIONS)
    with replacing(paths.evaluation / "slices.csv") as temporary:
        slices.to_csv(temporary, index=False)
    worst = worst_band(slices)
    by_source = {name: summarise(rows) for name, rows in predictions.groupby("source")}
    metrics = {
        **summarise(predictions),
        **overall_intervals(slices),
        "median_baseline_mae": median_baseline_mae(predictions, float(train["age"].median())),
        "worst_band": worst[0] if worst else None,
        "worst_band_mae": worst[1] if worst else None,
        "bands": by_band(slices),
        "sources": by_source,
    }
    write_json(paths.metrics, metrics)
    mae = metrics["mae"]
    say(f"test MAE {mae:.2f} years over {metrics['exact_rows']} faces" if isinstance(mae, float) else "no exact ages")


def _write_pictures(
    params: Params,
    paths: Paths,
    *,
    predictions: pd.DataFrame,
    slices: pd.DataFrame,
    splits: dict[str, pd.DataFrame],
    groups: AgeGroups,
) -> None:
    history = pd.read_csv(paths.train_report / "history.csv")
    figures = evaluation_figures(
        predictions, slices, groups=groups, coverage=params.calibrate.coverage, history=history, splits=splits
    )
    for name, figure in figures.items():
        write_figure(paths.evaluation / f"{name}.png", figure)
    write_report(
        paths.evaluation / "report.html",
        title=f"{params.model.backbone} on {', '.join(params.sources)}",
        predictions=predictions,
        slices=slices,
        figures=figures,
        train_median=float(splits["train"]["age"].median()),
        splits=splits,
        rejected={
            "build_manifest": read_table(paths.manifest_rejected, REJECTED),
            "crop_faces": read_table(paths.faces_rejected, REJECTED),
            "deduplicate": read_table(paths.grouped_rejected, REJECTED),
        },
        params=params.model_dump(mode="json"),
        coverage=params.calibrate.coverage,
        worst_crops=_worst_crops(predictions, splits["test"], paths) if params.evaluate.show_faces else None,
    )


def _worst_crops(predictions: pd.DataFrame, test: pd.DataFrame, paths: Paths) -> dict[str, Pixels]:
    crops = test.set_index("image_id")["crop"]
    return {name: read_rgb(paths.crops / crops[name]) for name in worst_cases(predictions)["image_id"]}


def _track(params: Params, paths: Paths) -> None:
    with tracked_run("evaluate", paths=paths, config=params.model_dump(mode="json")) as tracked:
        tracked.summarise({f"test/{name}": value for name, value in json.loads(paths.metrics.read_text()).items()})
        for picture in sorted(Path(paths.evaluation).glob("*.png")):
            tracked.log_picture(picture.stem, picture)
