"""Ages of the train split before and after rebalancing."""

from typing import Any

import numpy as np
import pandas as pd

from agelens.data_prep.core.labels import MAX_AGE
from agelens.data_prep.exploration.ages import band_of, has_exact_age, imbalance
from agelens.data_prep.exploration.parts import by_source, number, share


def compare_balance(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of each age before and after rebalancing.

    Args:
        before: The train split; follows SPLIT.
        after: The rebalanced rows; follows TRAIN.

    Returns:
        `source`, `age` in whole years 0..100, of exact ages only, `before` and `after` in rows, `draws` in an epoch,
        and `loss_share`: the age's share of the weights of all draws of the source.
    """
    found = []
    parts = dict(by_source(after[has_exact_age(after)]))
    for source, old in by_source(before[has_exact_age(before)]):
        new = parts.get(source, after.iloc[:0])
        weights = (new["copies"] * new["weight"]).groupby(np.floor(new["age"])).sum()
        columns = {
            "before": np.floor(old["age"]).value_counts(),
            "after": np.floor(new["age"]).value_counts(),
            "draws": new["copies"].groupby(np.floor(new["age"])).sum(),
            "loss_share": weights / weights.sum(),
        }
        table = pd.DataFrame(columns).reindex(range(MAX_AGE + 1)).fillna(0).rename_axis("age").reset_index()
        counts = dict.fromkeys(("age", "before", "after", "draws"), "int64")
        found.append(table.astype(counts).round({"loss_share": 6}).assign(source=source))
    return pd.concat(found, ignore_index=True)[["source", "age", "before", "after", "draws", "loss_share"]]


def describe_balance(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, Any]:
    """Return the figures of rebalancing.

    Returns:
        `rows_before`, `rows_after`, `draws` in an epoch; `largest_band_share_before` and `_after`, of rows and of
        draws; `band_imbalance_before` and `_after`, see `describe_ages`; `smallest_weight` and `largest_weight`.
    """
    old = band_of(before["age"]).value_counts()
    new = after["copies"].groupby(band_of(after["age"])).sum()
    return {
        "rows_before": len(before),
        "rows_after": len(after),
        "draws": int(after["copies"].sum()),
        "largest_band_share_before": share(old.max(), len(before)),
        "largest_band_share_after": share(new.max(), float(new.sum())),
        "band_imbalance_before": imbalance(old),
        "band_imbalance_after": imbalance(new),
        "smallest_weight": number(after["weight"].min()),
        "largest_weight": number(after["weight"].max()),
    }
