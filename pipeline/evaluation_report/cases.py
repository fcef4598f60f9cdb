"""Best, typical and worst cases: some rows of the predictions, and their crops where faces may be shown."""

import base64
from collections.abc import Mapping
from typing import Any

import pandas as pd

from agelens.data_prep.core.images import Pixels, encode_jpeg
from agelens.models.calibration.intervals import label_errors
from agelens.pipeline.contact_sheets.sheet import fit_into_cell
from agelens.pipeline.reports.numbers import Record

COUNT = 12
"""Cases of each kind."""

KINDS: Mapping[str, str] = {
    "worst": "The largest errors. Check these faces for wrong labels and wrong crops first.",
    "typical": "Errors next to the median error.",
    "best": "The smallest errors.",
}


def choose_cases(predictions: pd.DataFrame, count: int = COUNT) -> dict[str, pd.DataFrame]:
    """Return rows of each kind with the additional column `error` in years; the index has their row numbers.

    Args:
        predictions: A predictions table with row numbers as index.
        count: Rows of each kind.
    """
    error = label_errors(predictions["age"], predictions["true_age_low"], predictions["true_age_high"])
    ordered = predictions.assign(error=error).sort_values(["error", "image_id"])
    first = max(0, len(ordered) // 2 - count // 2)
    return {
        "worst": ordered.sort_values(["error", "image_id"], ascending=[False, True]).head(count),
        "typical": ordered.iloc[first : first + count],
        "best": ordered.head(count),
    }


def describe_cases(cases: Mapping[str, pd.DataFrame], crops: Mapping[str, Pixels] | None) -> list[dict[str, Any]]:
    """Return what a page shows of the cases of each kind.

    Args:
        cases: Of `choose_cases`.
        crops: Crops by `image_id`; None shows no faces, so that the page can be shared even if photographs cannot.
    """
    return [
        {"kind": kind, "meaning": meaning, "rows": [_case(number, row, crops) for number, row in table.iterrows()]}
        for kind, meaning in KINDS.items()
        for table in [cases[kind]]
    ]


def _case(number: Any, row: "pd.Series[Any]", crops: Mapping[str, Pixels] | None) -> dict[str, Any]:
    crop = (crops or {}).get(row["image_id"])
    image = None if crop is None else base64.b64encode(encode_jpeg(fit_into_cell(crop))).decode("ascii")
    low, high = row["true_age_low"], row["true_age_high"]
    label = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return {"record": Record(row.to_dict(), file="predictions.csv", row=number), "label": label, "image": image}
