"""Evaluate the trained network on the test split."""

import pandas as pd

from agelens.data_prep.core.atomic import read_json, replacing, write_json
from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.core.tables import PREDICTIONS, SPLIT, read_table, write_table
from agelens.models.calibration.calibration import Calibration
from agelens.models.evaluation.confusion import group_confusion
from agelens.models.evaluation.fairness import standardised_errors
from agelens.models.evaluation.headline import (
    describe_no_better_than_median,
    headline_metrics,
    overall_metrics,
    rounded_table,
)
from agelens.models.evaluation.metrics import median_baseline_mae
from agelens.models.evaluation.predictions_table import predictions_table
from agelens.models.evaluation.slices import by_slice, by_source_and_slice
from agelens.models.evaluation.sources import labels_by_source
from agelens.models.evaluation.thresholds import threshold_errors
from agelens.models.evaluation.training_ages import training_ages
from agelens.models.serving.decoding import decode
from agelens.pipeline.config.lineage import KEY, check_lineage, lineage_of
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.evaluation.robustness import measure_robustness
from agelens.pipeline.progress import say, warn
from agelens.pipeline.tracking.evaluation import log_evaluation
from agelens.pipeline.tracking.run import Run
from agelens.pipeline.tracking.runs import tracked_run
from agelens.pipeline.training_data.network_outputs import predict_rows, read_age_net


def run(params: Params, paths: Paths) -> None:
    """Predict the test split, and write predictions and the files of metrics that docs/evaluation.md defines."""
    with tracked_run("evaluate", params=params, paths=paths) as tracked:
        _evaluate(params, paths, tracked)


def _evaluate(params: Params, paths: Paths, tracked: Run) -> None:
    check_lineage(paths.calibration, stage="calibrate", network=paths.age_net)
    network, test = read_age_net(params, paths), read_table(paths.split_test, SPLIT)
    calibration = Calibration.from_json(read_json(paths.calibration))
    outputs = predict_rows(network, test, params=params, paths=paths, label="predicting test")
    groups = AgeGroups(tuple(params.age_groups))
    decoded = decode(outputs, calibration=calibration, groups=groups)
    unseen = test["source"].isin(params.split.zero_shot)
    everything = predictions_table(test, decoded)
    predictions, zero_shot = (everything[rows].reset_index(drop=True) for rows in (~unseen, unseen))
    write_table(paths.predictions, predictions, PREDICTIONS)
    write_table(paths.zero_shot_predictions, zero_shot, PREDICTIONS)
    train, options = read_table(paths.split_train, SPLIT), {"seed": params.seed, "resamples": params.evaluate.resamples}
    slices = by_slice(predictions, **options)
    _write(paths, "slices", slices)
    _write(paths, "zero_shot", by_source_and_slice(zero_shot, **options))
    _write(paths, "thresholds", threshold_errors(predictions, **options))
    _write(paths, "confusion", group_confusion(predictions, groups=groups))
    _write(paths, "fairness", standardised_errors(predictions, **options))
    _write(paths, "training_ages", training_ages(train))
    origins = {name: source.origin for name, source in params.sources.items()}
    _write(paths, "sources", labels_by_source({"train": train, "test": test}, origins=origins))
    robustness = measure_robustness(network, test[~unseen], calibration=calibration, params=params, paths=paths)
    _write(paths, "robustness", robustness)
    overall = overall_metrics(slices, baseline=median_baseline_mae(predictions, float(train["age"].median())))
    write_json(paths.overall, overall)
    write_json(paths.metrics, headline_metrics(overall))
    write_json(paths.evaluation_lineage, {KEY: lineage_of(network=paths.age_net, calibration=paths.calibration)})
    mae = overall["mae"]
    say(f"test MAE {mae:.2f} years over {overall['exact_rows']} faces" if isinstance(mae, float) else "no exact ages")
    warn(describe_no_better_than_median(overall))
    crops = {name: paths.crops / crop for name, crop in zip(test["image_id"], test["crop"], strict=True)}
    log_evaluation(tracked, predictions, slices, overall=overall, groups=groups.names, crops=crops)


def _write(paths: Paths, name: str, table: pd.DataFrame) -> None:
    """Write a table of metrics."""
    with replacing(paths.evaluation / f"{name}.csv") as temporary:
        rounded_table(table).to_csv(temporary, index=False, lineterminator="\n")
