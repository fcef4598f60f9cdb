"""What each stage removes, and why: from the files that were read to the rows that are trained on."""

from collections.abc import Mapping

import pandas as pd

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.exploration.parts import by_source

READ = "read"
"""The reason of the first row of a flow: all files and lines that the readers found."""


def count_flow(
    kept: Mapping[str, pd.DataFrame], removed: Mapping[str, pd.DataFrame], *, first: str = "build_manifest"
) -> pd.DataFrame:
    """Return what the stages remove, by source.

    Args:
        kept: The table that each stage keeps, in the order of the stages.
        removed: The rows that each stage removes, with the columns `source` and `reason`.
        first: The stage whose kept and removed rows are all that were read.

    Returns:
        `source`, `stage`, `reason`, `removed` rows, and `left`: the rows that are left after them. The first row of a
        source has the reason `READ`; a stage that removes nothing has no row.

    Raises:
        DataError: A stage keeps another number of rows than are left: its tables are of different runs.
    """
    every = pd.concat([kept[first][["source"]], removed[first][["source"]]], ignore_index=True)
    rows: list[dict[str, object]] = []
    for source, part in by_source(every):
        left = len(part)
        rows.append({"source": source, "stage": first, "reason": READ, "removed": 0, "left": left})
        for stage, table in removed.items():
            for reason, count in _of(table, source)["reason"].value_counts().sort_index().items():
                left -= int(count)
                rows.append({"source": source, "stage": stage, "reason": reason, "removed": int(count), "left": left})
            _check(stage, source, left=left, kept=len(_of(kept[stage], source)))
    return pd.DataFrame(rows, columns=["source", "stage", "reason", "removed", "left"])


def _of(table: pd.DataFrame, source: str) -> pd.DataFrame:
    return dict(by_source(table)).get(source, table.iloc[:0])


def _check(stage: str, source: str, *, left: int, kept: int) -> None:
    if left != kept:
        msg = (
            f"Every row of a stage must be kept or rejected. Received: {kept} kept by {stage} where {left} are left "
            f"(source {source}); its tables are of different runs. Run `dvc repro {stage}`."
        )
        raise DataError(msg)


def set_aside(splits: Mapping[str, pd.DataFrame], *, train: str = "train") -> pd.DataFrame:
    """Return the rows of all splits but one, with the name of the split as the reason."""
    others = [table[["source"]].assign(reason=f"split {name}") for name, table in splits.items() if name != train]
    return pd.concat(others, ignore_index=True)
