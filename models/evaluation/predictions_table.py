"""The predictions table (`agelens.data_prep.core.tables.PREDICTIONS`): labels and predictions, one row per face."""

import pandas as pd

from agelens.data_prep.core.labels import ATTRIBUTES
from agelens.data_prep.core.tables import PREDICTIONS
from agelens.models.serving.decoding import Decoded


def predictions_table(rows: pd.DataFrame, decoded: Decoded) -> pd.DataFrame:
    """Return the predictions table of the rows of a split table.

    Args:
        rows: Follow SPLIT.
        decoded: The predictions for these rows, in the same order.
    """
    labels = {
        "true_age": rows["age"],
        "true_age_low": rows["age_low"],
        "true_age_high": rows["age_high"],
        "true_age_group": rows["age_group"],
    }
    predicted = {
        "age": decoded.age,
        "raw_age": decoded.raw_age,
        "age_low": decoded.age_low,
        "age_high": decoded.age_high,
        "age_group": decoded.age_group,
        "age_group_probability": decoded.age_group_probability,
    }
    attributes = {
        f"predicted_{attribute}": pd.Series(decoded.attribute_classes(attribute), index=rows.index, dtype="str")
        for attribute in ATTRIBUTES
    }
    table = (
        rows[["image_id", "source", "photo", "group", "framing", *ATTRIBUTES]]
        .assign(**labels)
        .assign(**predicted, **attributes)
    )
    return table[PREDICTIONS.names].reset_index(drop=True)
