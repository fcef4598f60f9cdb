"""Train, validation and test splits: deterministic, stratified by source and age group, and without split groups.

Within a stratum (a source and an age group), groups are sorted by a hash of their names and divided at 80 % and 90 % of
their rows. So the shares are exact to about half a group and do not depend on the order of rows. A new source does not
change the split of others, because it has its own strata; only groups with duplicates in the new source can move.

The alternative, fixed thresholds for the hash, never moves a group but misses the shares of small strata by up to a
third. Here, when files are added to or removed from a stratum, the few groups next to a boundary can change splits.
With the order train, val, test, no group moves between train and test.
"""

import hashlib
from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from agelens.data_prep.core.errors import DataError, ParamsError
from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.core.tables import SPLIT


def split_table(
    table: pd.DataFrame,
    *,
    fractions: Mapping[str, float],
    groups: AgeGroups,
    seed: int,
    salt: str = "",
    zero_shot: Collection[str] = (),
) -> dict[str, pd.DataFrame]:
    """Return the rows of each split, in the order of `table`, with their age group.

    The stratum of a group is the most common source and the most common age group of its rows; in case of a tie, the
    first source and the lower age group. Labels without an age group (`NO_AGE_GROUP`) are a separate stratum.

    Args:
        table: Follows GROUPED.
        fractions: Share of the rows by name of the split, such as `{"train": 0.8, "val": 0.1, "test": 0.1}`. Groups
            that are larger than the smallest share are assigned to the first split.
        groups: The age groups.
        seed: Seed of the hash that assigns groups to splits.
        salt: A new salt gives a test split that no earlier model was compared on.
        zero_shot: Sources that no training may see: every group with a row of one of them is in the last split.

    Raises:
        ParamsError: The fractions are not positive or their sum is not 1.
        DataError: A split would have no rows.
    """
    _check_fractions(fractions)
    table = table.assign(age_group=groups.of_intervals(table["age_low"].to_numpy(), table["age_high"].to_numpy()))
    unseen = table["group"].isin(table.loc[table["source"].isin(zero_shot), "group"])
    split_of_group = _assign_groups(table[~unseen], fractions=fractions, seed=seed, salt=salt)
    split = table["group"].map(split_of_group).where(~unseen, list(fractions)[-1])
    splits = {name: table.loc[split == name, SPLIT.names].reset_index(drop=True) for name in fractions}
    for name, rows in splits.items():
        if rows.empty:
            msg = (
                f"Every split needs rows; {name} has none of {len(table)} rows in {len(split_of_group)} groups. "
                "Add photographs, or raise its fraction."
            )
            raise DataError(msg)
    return splits


def check_disjoint(splits: Mapping[str, pd.DataFrame]) -> None:
    """Raise `DataError` if a group is in two splits, so that a person or photo would be in training and test."""
    owner: dict[str, str] = {}
    for name, rows in splits.items():
        for group in rows["group"].unique():
            if group in owner:
                msg = f"A group must be in one split only. Received: {group!r} in {owner[group]} and in {name}."
                raise DataError(msg)
            owner[group] = name


def hash_names(names: "pd.Series[str]", *, seed: int, salt: str = "") -> "pd.Series[str]":
    """Return a hash of each name, for a pseudo-random order that is the same on all machines and for any rows."""
    prefix = f"{seed}/{salt}/" if salt else f"{seed}/"
    return names.map(lambda name: hashlib.sha256(f"{prefix}{name}".encode()).hexdigest())


def _check_fractions(fractions: Mapping[str, float]) -> None:
    if min(fractions.values(), default=0) <= 0 or not np.isclose(sum(fractions.values()), 1):
        msg = f"The fractions of the splits must be above 0 and sum to 1. Received: {dict(fractions)}."
        raise ParamsError(msg)


def _assign_groups(table: pd.DataFrame, *, fractions: Mapping[str, float], seed: int, salt: str) -> "pd.Series[str]":
    """Return the name of each group's split, by name of the group."""
    ordered = pd.DataFrame(
        {
            "rows": table["group"].value_counts(),
            "source": _most_common(table, "source"),
            "age_group": _most_common(table, "age_group"),
        }
    )
    strata = ["source", "age_group"]
    ordered["hash"] = hash_names(ordered.index.to_series(), seed=seed, salt=salt)
    ordered["total"] = ordered.groupby(strata)["rows"].transform("sum")
    # A group larger than the smallest share would exceed it; sorted first, it is assigned to the first split.
    ordered["small"] = ordered["rows"] <= np.maximum(ordered["total"] * min(fractions.values()), 1)
    ordered = ordered.sort_values([*strata, "small", "hash"])
    middle = ordered.groupby(strata)["rows"].cumsum() - ordered["rows"] / 2
    return pd.Series(_split_at(middle / ordered["total"], fractions), index=ordered.index)


def _most_common(table: pd.DataFrame, column: str) -> "pd.Series[str]":
    """Return the most common value of a column in each group; of equally common ones, the smallest."""
    counts = table.groupby(["group", column]).size().rename("rows").reset_index()
    first = counts.sort_values(["rows", column], ascending=[False, True]).drop_duplicates("group")
    return first.set_index("group")[column]


def _split_at(positions: "pd.Series[float]", fractions: Mapping[str, float]) -> npt.NDArray[np.str_]:
    """Return the name of the split at each position 0..1."""
    ends = np.cumsum(list(fractions.values()))
    return np.array(list(fractions))[np.searchsorted(ends[:-1], positions, side="right")]
