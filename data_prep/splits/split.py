"""Train, validation and test: groups stay whole, shares hold in every source and age group, nothing is drawn by chance.

Within a stratum (a source and an age group) the groups stand in a line in the order of a hash of their names, and the
line is cut at 80 % and 90 % of its rows. So the shares are exact to about half a group, shuffled rows change nothing,
and a new source changes nothing for the old ones, since its strata are its own (only an old group in which a new
picture is found again may move). The price against a fixed threshold on the hash, which never moves a group but
misses the shares of small strata by a third: when files join or leave a stratum, the few groups next to a cut move
over it. Name the splits train, val, test: validation then lies between, and no group steps from test into train.
"""

import hashlib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from agelens.data_prep.core.errors import DataError, ParamsError
from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.core.tables import SPLIT


def split_table(
    table: pd.DataFrame, *, fractions: Mapping[str, float], groups: AgeGroups, seed: int
) -> dict[str, pd.DataFrame]:
    """Return the rows of each split, in the order of `table`, with their age group.

    The stratum of a group is the commonest source and the commonest age group of its rows; on a tie the first source
    and the lower age group. Labels without an age group (`NO_AGE_GROUP`) are a stratum of their own.

    Args:
        table: Follows GROUPED.
        fractions: Share of the rows by name of the split, for example `{"train": 0.8, "val": 0.1, "test": 0.1}`; the
            first takes the groups that are too large for the smallest share.
        groups: The age groups.
        seed: Another seed gives another split.

    Raises:
        ParamsError: The fractions are not positive or do not add up to 1.
        DataError: A split would get no rows.
    """
    _check_fractions(fractions)
    table = table.assign(age_group=groups.of_intervals(table["age_low"].to_numpy(), table["age_high"].to_numpy()))
    dealt = _deal_groups(table, fractions=fractions, seed=seed)
    split = table["group"].map(dealt)
    splits = {name: table.loc[split == name, SPLIT.names].reset_index(drop=True) for name in fractions}
    for name, rows in splits.items():
        if rows.empty:
            msg = (
                f"Every split needs rows; {name} got none of {len(table)} rows in {len(dealt)} groups. "
                "Add photographs, or raise its fraction."
            )
            raise DataError(msg)
    return splits


def check_disjoint(splits: Mapping[str, pd.DataFrame]) -> None:
    """Raise `DataError` if a group of rows is in two splits: the same person or picture would be learnt and tested."""
    owner: dict[str, str] = {}
    for name, rows in splits.items():
        for group in rows["group"].unique():
            if group in owner:
                msg = f"A group must be in one split only. Received: {group!r} in {owner[group]} and in {name}."
                raise DataError(msg)
            owner[group] = name


def hash_names(names: "pd.Series[str]", *, seed: int) -> "pd.Series[str]":
    """Return a hash of each name, to order by: random to look at, yet the same on every machine and in any company."""
    return names.map(lambda name: hashlib.sha256(f"{seed}/{name}".encode()).hexdigest())


def _check_fractions(fractions: Mapping[str, float]) -> None:
    if min(fractions.values(), default=0) <= 0 or not np.isclose(sum(fractions.values()), 1):
        msg = f"The fractions of the splits must be above 0 and add up to 1. Received: {dict(fractions)}."
        raise ParamsError(msg)


def _deal_groups(table: pd.DataFrame, *, fractions: Mapping[str, float], seed: int) -> "pd.Series[str]":
    """Return the name of the split of each group, by name of the group."""
    line = pd.DataFrame(
        {
            "rows": table["group"].value_counts(),
            "source": _commonest(table, "source"),
            "age_group": _commonest(table, "age_group"),
        }
    )
    strata = ["source", "age_group"]
    line["hash"] = hash_names(line.index.to_series(), seed=seed)
    line["total"] = line.groupby(strata)["rows"].transform("sum")
    # A group that is larger than a whole share would swell it; at the head of the line it falls to the first split.
    line["small"] = line["rows"] <= np.maximum(line["total"] * min(fractions.values()), 1)
    line = line.sort_values([*strata, "small", "hash"])
    middle = line.groupby(strata)["rows"].cumsum() - line["rows"] / 2
    return pd.Series(_cut(middle / line["total"], fractions), index=line.index)


def _commonest(table: pd.DataFrame, column: str) -> "pd.Series[str]":
    """Return the commonest value of a column in each group, the smallest of those that are equally common."""
    counts = table.groupby(["group", column]).size().rename("rows").reset_index()
    commonest = counts.sort_values(["rows", column], ascending=[False, True]).drop_duplicates("group")
    return commonest.set_index("group")[column]


def _cut(places: "pd.Series[float]", fractions: Mapping[str, float]) -> npt.NDArray[np.str_]:
    """Return the name of the split at each place 0..1 of the line."""
    ends = np.cumsum(list(fractions.values()))
    return np.array(list(fractions))[np.searchsorted(ends[:-1], places, side="right")]
