"""Which age groups are confused: a table of all pairs, also of those that never occur."""

import pandas as pd

from agelens.data_prep.core.labels import AgeGroups

COLUMNS = ("true_group", "predicted_group", "faces", "share")


def group_confusion(predictions: pd.DataFrame, *, groups: AgeGroups) -> pd.DataFrame:
    """Return how often each age group is predicted for faces of each true group.

    Args:
        predictions: Follows PREDICTIONS; rows whose label spans several groups are left out.
        groups: Their names are shown, in ascending order.

    Returns:
        `true_group`, `predicted_group`, `faces`, and `share` of the faces of the true group, 0..1; one row for each of
        all pairs. The share is 0 for a group without faces.
    """
    known = predictions[predictions["true_age_group"] >= 0]
    every = pd.RangeIndex(len(groups))
    counts = pd.crosstab(known["true_age_group"], known["age_group"]).reindex(index=every, columns=every, fill_value=0)
    rows = [
        (true, predicted, count, round(count / max(sum(row), 1), 4))
        for true, row in zip(groups.names, counts.to_numpy().tolist(), strict=True)
        for predicted, count in zip(groups.names, row, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
