"""Validation errors become the way an age is read out, a correction of its bias and the width of the intervals."""

from agelens.data_prep.core.atomic import write_json
from agelens.data_prep.core.labels import check_has_exact_ages
from agelens.data_prep.core.tables import SPLIT, read_table
from agelens.models.calibration.bias import choose_correction
from agelens.models.calibration.intervals import fit_intervals, read_age
from agelens.models.calibration.temperature import choose_power
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import say
from agelens.pipeline.training_data.network_outputs import predict_rows, read_age_net


def run(params: Params, paths: Paths) -> None:
    """Fit power, correction and intervals on the validation rows whose age is exact."""
    val = read_table(paths.split_val, SPLIT)
    check_has_exact_ages(val["age_low"], val["age_high"])
    exact = val[val["age_low"] == val["age_high"]]
    outputs = predict_rows(read_age_net(params, paths), exact, paths=paths, label="predicting val")
    said, distribution, section = outputs["age"][:, 0], outputs.get("age_distribution"), params.calibrate
    power = choose_power(distribution, exact["age"]) if section.sharpen and distribution is not None else 1.0
    age = read_age(said, distribution, power=power)
    if power != 1:
        mae = [float(abs(years - exact["age"]).mean()) for years in (said, age)]
        say(f"ages read out of distributions to the power {power:g}: MAE {mae[1]:.2f} instead of {mae[0]:.2f}")
    chosen = choose_correction(age, exact["age"], groups=exact["group"].tolist(), max_mae_cost=section.max_mae_cost)
    say(
        f"bias at both ends: {chosen.end_bias[0]:.2f} years, {chosen.end_bias[1]:.2f} when corrected with strength "
        f"{chosen.strength:.2f}; MAE {chosen.mae[0]:.2f} and {chosen.mae[1]:.2f}"
    )
    calibration = fit_intervals(
        said,
        exact["age_low"],
        exact["age_high"],
        distribution=distribution,
        power=power,
        correction=chosen.correction,
        coverage=section.coverage,
    )
    write_json(paths.calibration, calibration.to_json())
    say(f"{section.coverage:.0%} intervals fitted on {len(exact)} faces")
