"""Validation errors become the width of the intervals."""

from data_prep.atomic import write_json
from data_prep.labels import check_some_exact
from data_prep.tables import SPLIT, read_table
from models.calibration import fit_intervals
from pipeline.judged import predict_rows, read_age_net
from pipeline.params import Params
from pipeline.paths import Paths
from pipeline.progress import say


def run(params: Params, paths: Paths) -> None:
    """Fit the intervals on the validation rows whose age is exact."""
    val = read_table(paths.split_val, SPLIT)
    check_some_exact(val["age_low"], val["age_high"])
    exact = val[val["age_low"] == val["age_high"]]
    outputs = predict_rows(read_age_net(params, paths), exact, paths=paths, label="predicting val")
    calibration = fit_intervals(
        outputs["age"][:, 0], exact["age_low"], exact["age_high"], coverage=params.calibrate.coverage
    )
    write_json(paths.calibration, calibration.to_json())
    say(f"{params.calibrate.coverage:.0%} intervals fitted on {len(exact)} faces")
