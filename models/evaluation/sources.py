"""What the labels of each source are: ages from dates or estimated ones, exact or as intervals."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

COLUMNS = ("source", "age_origin", "train_faces", "test_faces", "exact_share")


def labels_by_source(splits: Mapping[str, pd.DataFrame], *, origins: Mapping[str, str]) -> pd.DataFrame:
    """Return one row per source that occurs, in the order of their names.

    Args:
        splits: `train` and `test`, before rebalancing; follow SPLIT.
        origins: `real`, `apparent` or `unknown` by name of the source; see
            `agelens.data_prep.readers.age_origins.AgeOrigin`.

    Returns:
        The columns `COLUMNS`: `age_origin`; `train_faces` and `test_faces`; and `exact_share`, the share of exact ages
        among both, the others being age intervals. A source without training faces is zero-shot.
    """
    joined = pd.concat([table.assign(split=name) for name, table in splits.items()], ignore_index=True)
    rows = [
        {
            "source": name,
            "age_origin": origins.get(str(name), "unknown"),
            "train_faces": int((part["split"] == "train").sum()),
            "test_faces": int((part["split"] == "test").sum()),
            "exact_share": float((part["age_low"] == part["age_high"]).mean()),
        }
        for name, part in joined.groupby("source")
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def label_facts(train: pd.DataFrame, *, origins: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what the labels of each source of the training split are, as plain values for the model card.

    Args:
        train: Before rebalancing; follows SPLIT.
        origins: See `labels_by_source`.
    """
    return [
        {
            "source": str(row["source"]),
            "age_origin": str(row["age_origin"]),
            "faces": int(row["train_faces"]),
            "exact_share": round(float(row["exact_share"]), 4),
        }
        for row in labels_by_source({"train": train}, origins=origins).to_dict("records")
    ]
