"""What stages remove adds up."""

import pandas as pd
import pytest

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.exploration.flow import count_flow, set_aside


def rows(**sources: int) -> pd.DataFrame:
    return pd.DataFrame({"source": [name for name, count in sources.items() for _ in range(count)]})


def removed(*pairs: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["source", "reason"])


KEPT = {"build_manifest": rows(a=5, b=2), "crop_faces": rows(a=3, b=2), "split": rows(a=2)}
REMOVED = {
    "build_manifest": removed(("a", "bad_age")),
    "crop_faces": removed(("a", "no_face"), ("a", "too_large")),
    "split": set_aside({"train": rows(a=2), "val": rows(a=1, b=1), "test": rows(b=1)}),
}


def test_rows_are_counted_down_by_source() -> None:
    flow = count_flow(KEPT, REMOVED)
    assert flow[flow["source"] == "a"].drop(columns="source").to_numpy().tolist() == [
        ["build_manifest", "read", 0, 6],
        ["build_manifest", "bad_age", 1, 5],
        ["crop_faces", "no_face", 1, 4],
        ["crop_faces", "too_large", 1, 3],
        ["split", "split val", 1, 2],
    ]
    assert flow.groupby("source", sort=False)["left"].last().to_dict() == {"*": 2, "a": 2, "b": 0}


def test_tables_of_different_runs_are_an_error() -> None:
    with pytest.raises(DataError, match=r"2 kept by crop_faces where 3 are left \(source a\).*dvc repro crop_faces"):
        count_flow({**KEPT, "crop_faces": rows(a=2, b=3)}, REMOVED)
