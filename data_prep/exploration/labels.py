"""Labels of a table: what they mean, which are missing, and how they depend on each other."""

from typing import Any

import pandas as pd

from agelens.data_prep.core.labels import ATTRIBUTES
from agelens.data_prep.exploration.ages import MISSING, has_exact_age
from agelens.data_prep.exploration.parts import by_source, number, share


def describe_labels(table: pd.DataFrame) -> dict[str, Any]:
    """Return the figures of the labels of some rows.

    Args:
        table: At least the columns of MANIFEST.

    Returns:
        `rows`; `exact` and `interval`, the shares of both forms of ages; `median_interval_years`, the median width of
        the intervals; `clipped`, the rows whose age the manifest reduced to its maximum; `kinds`, the rows by
        `age_kind`; `missing_<attribute>`, the share of the rows without that label; `subjects`, the number of people
        that the source identifies, and `rows_with_subject`, the share of the rows with one.
    """
    exact = has_exact_age(table)
    wide = table[~exact]
    return {
        "rows": len(table),
        "exact": share(float(exact.sum()), len(table)),
        "interval": share(len(wide), len(table)),
        "median_interval_years": number((wide["age_high"] - wide["age_low"]).median()),
        "clipped": int(table["age_clipped"].sum()),
        "kinds": {str(kind): int(rows) for kind, rows in table["age_kind"].value_counts().items()},
        **{f"missing_{name}": share(float(table[name].isna().sum()), len(table)) for name in ATTRIBUTES},
        "subjects": int(table["subject"].nunique()),
        "rows_with_subject": share(float(table["subject"].notna().sum()), len(table)),
    }


def count_attributes(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows and ages by source, attribute and value.

    A network can learn the age from an attribute whose values have different ages; see `mean_age`.

    Returns:
        `source`, `attribute`, `value` (`MISSING` without a label), `rows`, `share` of the source's rows, `mean_age` and
        `median_age` in years.
    """
    rows: list[dict[str, object]] = []
    for source, part in by_source(table):
        for name in ATTRIBUTES:
            for value, some in part.groupby(part[name].fillna(MISSING)):
                ages = {"mean_age": number(some["age"].mean()), "median_age": number(some["age"].median())}
                counts = {"rows": len(some), "share": share(len(some), len(part))}
                rows.append({"source": source, "attribute": name, "value": value, **counts, **ages})
    columns = ["source", "attribute", "value", "rows", "share", "mean_age", "median_age"]
    return pd.DataFrame(rows, columns=columns)
