"""Fits a calibration on the validation split: temperature, then bias correction, then prediction intervals.

Each step uses the ages that the steps before it return, as at prediction time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.age_bands import TEN_YEARS
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.labels import MAX_AGE
from agelens.models.calibration.age_bands import merge_thin_bands
from agelens.models.calibration.bias import NO_CORRECTION, BiasCorrection, CorrectionChoice, choose_correction
from agelens.models.calibration.calibration import MIN_HALF_WIDTH, Calibration
from agelens.models.calibration.intervals import conformal_quantile, label_errors, label_shares
from agelens.models.calibration.temperature import Statistic, choose_temperature, predicted_age

NEIGHBOUR_WEIGHT = 0.5
"""Weight of the rows of the two adjacent bands where shares are fitted (Barber, Candes, Ramdas & Tibshirani 2023,
*Conformal prediction beyond exchangeability*): a band by itself may have too few rows, and shares differ less between
bands than years do. In 60 random halvings of a validation split it raised the coverage of the worst band on the other
half from 85.6 to 87.4 %, at the same median width."""

MIN_ROWS = 100
"""Rows of a band with a width of its own."""


@dataclass(frozen=True)
class CalibrationFit:
    """A fitted calibration and what its steps changed on the rows that it was fitted on.

    Args:
        calibration: To be stored.
        temperature_mae: MAE in years before and after the temperature.
        correction: The bias correction with its cross-fitted MAE and bias.
    """

    calibration: Calibration
    temperature_mae: tuple[float, float]
    correction: CorrectionChoice


def fit_calibration(
    age: npt.ArrayLike,
    true_age: npt.ArrayLike,
    *,
    groups: Sequence[str],
    distribution: npt.ArrayLike | None = None,
    fit_temperature: bool = True,
    statistic: Statistic = "mean",
    max_mae_cost: float = 0.05,
    coverage: float = 0.9,
    min_share: float = 0.0,
) -> CalibrationFit:
    """Fit temperature, bias correction and prediction intervals.

    Args:
        age: Model output `age` `(B,)`, in years, for rows that the model was not trained on.
        true_age: Exact true ages `(B,)`.
        groups: `(B,)`; rows of one group (a person, a photo) stay together where the correction is cross-fitted.
        distribution: Model output `age_distribution` `(B, 101)`, if the model has one.
        fit_temperature: Choose a temperature for the mean if there is a distribution; otherwise it is 1.
        statistic: Which statistic of the distribution is the predicted age; the mean if there is no distribution.
        max_mae_cost: Years by which the bias correction may raise the MAE.
        coverage: Share of true ages that the intervals contain.
        min_share: See `fit_intervals`.

    Raises:
        DataError: There is no row, the arrays differ in length, or a value is not finite.
    """
    age, true_age = np.asarray(age, dtype=np.float64), np.asarray(true_age, dtype=np.float64)
    _check_rows(age, true_age)
    statistic = "mean" if distribution is None else statistic
    tempers = fit_temperature and distribution is not None and statistic == "mean"
    temperature = choose_temperature(distribution, true_age) if tempers else 1.0  # type: ignore[arg-type]
    tempered = predicted_age(age, distribution, temperature=temperature, statistic=statistic)
    chosen = choose_correction(tempered, true_age, groups=groups, max_mae_cost=max_mae_cost)
    calibration = fit_intervals(
        age,
        true_age,
        true_age,
        distribution=distribution,
        temperature=temperature,
        statistic=statistic,
        correction=chosen.correction,
        coverage=coverage,
        min_share=min_share,
    )
    mae = float(np.abs(age - true_age).mean()), float(np.abs(tempered - true_age).mean())
    return CalibrationFit(calibration, temperature_mae=mae, correction=chosen)


def fit_intervals(  # noqa: PLR0913  one argument for each part of a calibration
    age: npt.ArrayLike,
    low: npt.ArrayLike,
    high: npt.ArrayLike,
    *,
    distribution: npt.ArrayLike | None = None,
    temperature: float = 1.0,
    statistic: Statistic = "mean",
    correction: BiasCorrection = NO_CORRECTION,
    coverage: float = 0.9,
    min_share: float = 0.0,
    edges: Sequence[float] = TEN_YEARS,
    min_rows: int = MIN_ROWS,
) -> Calibration:
    """Fit the widths of prediction intervals for a given temperature and bias correction.

    Errors on age intervals are smaller than on exact ages. If the rows have both, pass the exact ones only: the
    guarantee is about exact ages, and age intervals would make the prediction intervals too narrow for them.

    Args:
        age: Model output `age` `(B,)`, in years.
        low: Lowest true age `(B,)` that each label allows.
        high: Highest true age `(B,)`, equal to `low` where the age is exact.
        distribution: `(B, 101)`, softmax over the years, if the model has one.
        temperature: At which the mean of the distribution is taken; stored in the calibration.
        statistic: Which statistic of the distribution is the predicted age; stored in the calibration.
        correction: Applied to the ages; stored in the calibration.
        coverage: Share of true ages inside the intervals.
        min_share: Smallest central share of the distribution that forms an interval. Validation images are like the
            training images; on other photographs, intervals that are as narrow as they allow contain too few ages.
        edges: Years between the bands of predicted age.
        min_rows: A band with fewer rows is merged into the neighbour with fewer rows.

    Raises:
        DataError: There is no row, the arrays differ in length, or a value is not finite.
    """
    age, low, high = (np.asarray(years, dtype=np.float64) for years in (age, low, high))
    _check_rows(age, low, high)
    age = correction.apply(predicted_age(age, distribution, temperature=temperature, statistic=statistic))
    kept = merge_thin_bands(age, edges, min_rows=min_rows)
    band = np.searchsorted(kept, age, side="right")
    if distribution is None:
        kind, errors, limit, beside = "half_widths", label_errors(age, low, high), float(MAX_AGE), 0.0
    else:
        kind, errors, limit, beside = "shares", label_shares(distribution, low, high), 1.0, NEIGHBOUR_WEIGHT
    distances = [np.abs(band - i) for i in range(len(kept) + 1)]
    weights = [np.select([distance == 0, distance == 1], [1.0, beside]) for distance in distances]
    least = 0.0 if distribution is None else min_share
    widths = tuple(max(least, conformal_quantile(errors, coverage, weights=each, limit=limit)) for each in weights)
    return Calibration(
        coverage=coverage,
        edges=kept,
        temperature=temperature,
        statistic=statistic,
        min_half_width=MIN_HALF_WIDTH,
        correction=correction,
        **{kind: widths},
    )


def _check_rows(*arrays: npt.NDArray[np.float64]) -> None:
    first, shapes = arrays[0], [array.shape for array in arrays]
    fits = first.ndim == 1 and first.size > 0 and all(shape == first.shape for shape in shapes)
    if not fits or not np.isfinite(arrays).all():
        msg = (
            "Intervals are fitted on at least one row of finite predicted and true ages. Check the "
            f"predictions on the validation split. Received shapes: {', '.join(map(str, shapes))}."
        )
        raise DataError(msg)
