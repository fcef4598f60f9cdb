"""Ages of a table: how they are distributed, and how unequally."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from agelens.data_prep.core.age_bands import BAND_NAMES, band_names
from agelens.data_prep.core.labels import ATTRIBUTES, MAX_AGE, NO_AGE_GROUP, AgeGroups
from agelens.data_prep.exploration.parts import by_source, number, share

FEW_ROWS = 10
"""A year with fewer rows is rare."""

MISSING = "missing"
"""The value of a label that a row does not have."""

SEVERAL = "several"
"""The age group of an interval that extends over several."""


def band_of(ages: "pd.Series[float]") -> "pd.Series[str]":
    """Return the name of each age's band of ten years."""
    return pd.Series(band_names(ages), index=ages.index, dtype="str")


def has_exact_age(table: pd.DataFrame) -> "pd.Series[bool]":
    """Return which rows have an exact age instead of an interval."""
    return table["age_low"] == table["age_high"]


def describe_ages(table: pd.DataFrame, groups: AgeGroups) -> dict[str, float | str | None]:
    """Return the figures of the distribution of ages; an age interval counts with its middle.

    Args:
        table: At least the columns of MANIFEST.
        groups: The age groups.

    Returns:
        `mean`, `median`, `sd`, `youngest`, `oldest` and both quartiles in years; `skewness`, the adjusted
        Fisher-Pearson coefficient: above 0, old ages form the longer tail; `largest_band` and its share of the rows;
        `band_imbalance` and `group_imbalance`, rows of the largest band or age group for each row of the smallest one
        that has any; of the exact ages, `years_without_rows` between the youngest and the oldest, `rare_years` with
        fewer than `FEW_ROWS` rows, and `share_of_fives`, the share of ages that are divisible by five, 0.2 without
        rounding. Figures of no rows are None.
    """
    ages, bands = table["age"], band_of(table["age"]).value_counts()
    within = groups.of_intervals(table["age_low"], table["age_high"])
    exact = np.floor(ages[has_exact_age(table)])
    years = exact.value_counts()
    return {
        "mean": number(ages.mean()),
        "median": number(ages.median()),
        "sd": number(ages.std()),
        "lower_quartile": number(ages.quantile(0.25)),
        "upper_quartile": number(ages.quantile(0.75)),
        "youngest": number(ages.min()),
        "oldest": number(ages.max()),
        "skewness": number(ages.skew()),
        "largest_band": None if table.empty else str(bands.index[0]),
        "largest_band_share": share(bands.max(), len(table)),
        "band_imbalance": imbalance(bands),
        "group_imbalance": imbalance(pd.Series(within[within != NO_AGE_GROUP]).value_counts()),
        "years_without_rows": number(exact.max() - exact.min() + 1 - len(years)),
        "rare_years": None if exact.empty else int((years < FEW_ROWS).sum()),
        "share_of_fives": share(float((exact % 5 == 0).sum()), len(exact)),
    }


def imbalance(counts: "pd.Series[int]") -> float | None:
    """Return the largest count divided by the smallest one above 0; None if there is none."""
    present = counts[counts > 0]
    return None if present.empty else number(present.max() / present.min(), 2)


def count_years(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with an exact age by source and whole year: `source`, `age`, `rows`, for 0..100 years."""
    found = []
    for name, part in by_source(table[has_exact_age(table)]):
        rows = np.floor(part["age"]).value_counts().reindex(range(MAX_AGE + 1), fill_value=0)
        found.append(pd.DataFrame({"source": name, "age": rows.index, "rows": rows.to_numpy()}))
    return pd.concat(found, ignore_index=True)


def count_bands(table: pd.DataFrame, groups: AgeGroups) -> pd.DataFrame:
    """Return the rows by source, slice, value and band of ten years.

    Args:
        table: At least the columns of MANIFEST.
        groups: The age groups.

    Returns:
        `source`, `slice` (`all`, `age_group`, or an attribute), `value` (`MISSING` without a label), `band` and `rows`;
        each value of a source has all bands.
    """
    names = dict(enumerate(groups.names)) | {NO_AGE_GROUP: SEVERAL}
    values: Mapping[str, pd.Series[str]] = {
        "all": pd.Series("all", index=table.index),
        "age_group": pd.Series(groups.of_intervals(table["age_low"], table["age_high"]), index=table.index).map(names),
        **{name: table[name].fillna(MISSING) for name in ATTRIBUTES},
    }
    counted = table[["source"]].assign(band=band_of(table["age"]), **values)
    found = []
    for source, part in by_source(counted):
        for name in values:
            rows = pd.crosstab(part[name], part["band"]).reindex(columns=BAND_NAMES, fill_value=0)
            long = rows.rename_axis("value").reset_index().melt("value", var_name="band", value_name="rows")
            found.append(long.assign(source=source, slice=name).sort_values("value", kind="stable"))
    return pd.concat(found, ignore_index=True)[["source", "slice", "value", "band", "rows"]]
