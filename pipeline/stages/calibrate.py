"""Validation errors become a correction of the bias and the width of the intervals."""

from data_prep.atomic import write_json
from data_prep.labels import check_some_exact
from data_prep.tables import SPLIT, read_table
from models.bias import choose_correction
from models.calibration import fit_intervals
from pipeline.judged import predict_rows, read_age_net
from pipeline.params import Params
from pipeline.paths import Paths
from pipeline.progress import say


def run(params: Params, paths: Paths) -> None:
    """Fit correction and intervals on the validation rows whose age is exact."""
    val = read_table(paths.split_val, SPLIT)
    check_some_exact(val["age_low"], val["age_high"])
    exact = val[val["age_low"] == val["age_high"]]
    outputs = predict_rows(read_age_net(params, paths), exact, paths=paths, label="predicting val")
    age, section = outputs["age"][:, 0], params.calibrate
    chosen = choose_correction(age, exact["age"], groups=exact["group"].tolist(), max_mae_cost=section.max_mae_cost)
    say(
        f"bias at both ends: {chosen.end_bias[0]:.2f} years, {chosen.end_bias[1]:.2f} when corrected with strength "
        f"{chosen.strength:.2f}; MAE {chosen.mae[0]:.2f} and {chosen.mae[1]:.2f}"
    )
    calibration = fit_intervals(
        age,
        exact["age_low"],
        exact["age_high"],
        distribution=outputs.get("age_distribution"),
        correction=chosen.correction,
        coverage=section.coverage,
    )
    write_json(paths.calibration, calibration.to_json())
    say(f"{section.coverage:.0%} intervals fitted on {len(exact)} faces")
