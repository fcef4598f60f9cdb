"""Fit temperature, bias correction and prediction intervals on the validation split."""

from agelens.data_prep.core.atomic import replacing, write_json
from agelens.data_prep.core.labels import check_has_exact_ages, describe_few_exact_ages
from agelens.data_prep.core.tables import SPLIT, read_table
from agelens.models.calibration.coverage import coverage_by_source, undercovered
from agelens.models.calibration.fit import fit_calibration
from agelens.pipeline.config.lineage import KEY, check_lineage, lineage_of
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import say, warn
from agelens.pipeline.tracking.model import log_calibration
from agelens.pipeline.tracking.run import Run
from agelens.pipeline.tracking.runs import tracked_run
from agelens.pipeline.training_data.network_outputs import predict_rows, read_age_net


def run(params: Params, paths: Paths) -> None:
    """Fit the calibration on the validation rows whose age is exact, and write it and its coverage of each source."""
    with tracked_run("calibrate", params=params, paths=paths) as tracked:
        _calibrate(params, paths, tracked)


def _calibrate(params: Params, paths: Paths, tracked: Run) -> None:
    check_lineage(paths.training, stage="train", network=paths.age_net)
    val = read_table(paths.split_val, SPLIT)
    check_has_exact_ages(val["age_low"], val["age_high"])
    warn(describe_few_exact_ages(val["age_low"], val["age_high"]))
    exact = val[val["age_low"] == val["age_high"]]
    outputs = predict_rows(read_age_net(params, paths), exact, params=params, paths=paths, label="predicting val")
    fitted = fit_calibration(
        outputs["age"][:, 0],
        exact["age"],
        groups=exact["group"].tolist(),
        distribution=outputs.get("age_distribution"),
        **params.calibrate.model_dump(),
    )
    write_json(paths.calibration, {**fitted.calibration.to_json(), KEY: lineage_of(network=paths.age_net)})
    mae, chosen = fitted.temperature_mae, fitted.correction
    say(f"temperature {fitted.calibration.temperature:.3g}: MAE {mae[1]:.2f} years ({mae[0]:.2f} at temperature 1)")
    say(
        f"bias at both ends: {chosen.end_bias[0]:.2f} years, {chosen.end_bias[1]:.2f} corrected with strength "
        f"{chosen.strength:.2f}; MAE {chosen.mae[0]:.2f} and {chosen.mae[1]:.2f}"
    )
    say(f"{params.calibrate.coverage:.0%} prediction intervals fitted on {len(exact)} faces")
    age, distribution = outputs["age"][:, 0], outputs.get("age_distribution")
    low, high = fitted.calibration.interval(fitted.calibration.age(age, distribution), distribution)
    by_source = coverage_by_source(low, high, exact["age"], sources=exact["source"])
    with replacing(paths.calibration_report / "coverage_by_source.csv") as temporary:
        by_source.round(4).to_csv(temporary, index=False, lineterminator="\n")
    log_calibration(tracked, fitted, by_source)
    for row in undercovered(by_source, coverage=params.calibrate.coverage).itertuples():
        say(
            f"intervals contain {row.coverage:.0%} of the ages of {row.source} ({row.faces} validation faces); "
            "a higher calibrate.min_share widens them"
        )
