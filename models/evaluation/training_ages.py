"""Ages of the training data by attribute: where a class has other ages, a network can learn the class instead."""

import numpy as np
import pandas as pd

from agelens.data_prep.core.age_bands import BAND_NAMES, TEN_YEARS
from agelens.data_prep.core.labels import ATTRIBUTES

UNKNOWN = "unknown"


def training_ages(table: pd.DataFrame) -> pd.DataFrame:
    """Return the ages of every class of every attribute, and of every source.

    Args:
        table: Follows SPLIT: the training split before rebalancing. Age intervals count with their middle.

    Returns:
        One row for each `attribute` (or `source`) and `value`: `faces`; `mean_age`, `median_age` and `age_sd` in years;
        the share of each band of ten years, `0-9` to `90+`; and `age_variance_explained`, the share of the variance of
        all labelled ages that the attribute explains (the correlation ratio, Fisher 1925), the same in every row of the
        attribute: at 0, knowing the class says nothing about the age.
    """
    rows: list[dict[str, object]] = []
    for name in ("source", *ATTRIBUTES):
        values = table[name].fillna(UNKNOWN)
        explained = variance_explained(table["age"][values != UNKNOWN], values[values != UNKNOWN])
        for value, ages in table["age"].groupby(values):
            band = np.searchsorted(TEN_YEARS, ages, side="right")
            shares = np.bincount(band, minlength=len(BAND_NAMES)) / len(ages)
            rows.append(
                {
                    "attribute": name,
                    "value": value,
                    "faces": len(ages),
                    "mean_age": float(ages.mean()),
                    "median_age": float(ages.median()),
                    "age_sd": float(ages.std(ddof=0)),
                    **dict(zip(BAND_NAMES, shares.tolist(), strict=True)),
                    "age_variance_explained": explained,
                }
            )
    return pd.DataFrame(rows)


def variance_explained(ages: "pd.Series[float]", classes: "pd.Series[str]") -> float:
    """Return the share of the variance of ages that lies between classes, in 0..1; NaN without a variance."""
    total = float(ages.var(ddof=0)) if len(ages) else 0.0
    if total == 0:
        return float("nan")
    between = ages.groupby(classes).transform("mean").var(ddof=0)
    return float(between) / total
