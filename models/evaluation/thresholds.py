"""Errors at age thresholds: how often a face under the threshold is predicted as over it, and the reverse."""

import pandas as pd

from agelens.models.evaluation.bootstrap import share_interval

THRESHOLDS = (13, 16, 18, 21, 25)
"""Ages that laws and platforms use."""

NEAR_YEARS = 5
"""Faces whose age is within this many years of a threshold are also evaluated by themselves."""

NOT_FOR_AGE_CHECKS = (
    "This model is not for age checks: these error rates describe the faces of one test split, depend on how many of "
    "them are near the threshold, and do not carry over to a person in front of a camera."
)
"""To be shown with every table of error rates at thresholds."""


def threshold_errors(table: pd.DataFrame, *, seed: int = 0, resamples: int = 1000) -> pd.DataFrame:
    """Return both error rates at every threshold of `THRESHOLDS`, over all faces and by source.

    A face is over a threshold from its birthday on: true age 18 and predicted age 18.0 are over 18. A false positive is
    a face under the threshold that is predicted as over it, a false negative a face over it that is predicted as under
    it. Age intervals count where they lie on one side of the threshold.

    Args:
        table: A predictions table.
        seed: Of the bootstrap.
        resamples: Number of bootstrap samples, which are drawn by `group`.

    Returns:
        One row for each `threshold` in years, `source` (`all` or a name, which are left out if there is only one) and
        `ages` (`all`, or `near`: true ages from 5 years below the threshold to less than 5 years above it). Columns:
        `under_faces` and `over_faces`, by true age; `false_positive_rate` and `false_negative_rate`, shares of these,
        each with `_low` and `_high`, the ends of its 95 % interval; missing without such faces.
    """
    names = sorted(table["source"].unique())
    sources = {"all": table, **({name: table[table["source"] == name] for name in names} if len(names) > 1 else {})}
    rows = [
        {
            "threshold": threshold,
            "source": name,
            "ages": ages,
            **_rates(_near(part, threshold) if ages == "near" else part, threshold, seed=seed, resamples=resamples),
        }
        for threshold in THRESHOLDS
        for name, part in sources.items()
        for ages in ("all", "near")
    ]
    return pd.DataFrame(rows)


def _near(table: pd.DataFrame, threshold: int) -> pd.DataFrame:
    above = table["true_age_low"] >= threshold - NEAR_YEARS
    return table[above & (table["true_age_high"] < threshold + NEAR_YEARS)]


def _rates(table: pd.DataFrame, threshold: int, *, seed: int, resamples: int) -> dict[str, float]:
    under, over = table[table["true_age_high"] < threshold], table[table["true_age_low"] >= threshold]
    rates: dict[str, float] = {"under_faces": len(under), "over_faces": len(over)}
    wrong = {
        "false_positive_rate": (under, under["age"] >= threshold),
        "false_negative_rate": (over, over["age"] < threshold),
    }
    for name, (faces, errors) in wrong.items():
        low, high = share_interval(errors, faces["group"], seed=seed, resamples=resamples)
        rates |= {name: float(errors.mean()), f"{name}_low": low, f"{name}_high": high}
    return rates
