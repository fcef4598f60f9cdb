"""Folds for cross-validation: parts of equal size without common people or photographs, each tested once."""

from collections.abc import Iterator, Sequence

import pandas as pd

from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.core.tables import GROUPED, SPLIT
from agelens.data_prep.splits.split import split_table

VALIDATING = 0.1
"""Share of the rows that are not tested which choose the epoch and fit the calibration, in `hold_out_each`."""


def make_folds(table: pd.DataFrame, *, count: int, groups: AgeGroups, seed: int) -> list[pd.DataFrame]:
    """Return the rows of each fold, assigned as `split_table` does: groups are not split, age groups are balanced.

    Args:
        table: Follows GROUPED.
        count: Number of folds.
        groups: The age groups.
        seed: Seed of the hash that assigns groups to folds.

    Returns:
        Tables that follow SPLIT.

    Raises:
        ParamsError: There are fewer than three folds, one each for training, validation and test.
        DataError: A fold would have no rows.
    """
    if count < 3:
        msg = f"A protocol needs at least 3 folds, for test, validation and training. Received: {count}."
        raise ParamsError(msg)
    fractions = {f"fold {number}": 1 / count for number in range(count)}
    return list(split_table(table, fractions=fractions, groups=groups, seed=seed).values())


def rotate_folds(folds: Sequence[pd.DataFrame]) -> Iterator[dict[str, pd.DataFrame]]:
    """Yield the splits `train`, `val` and `test` of each turn: fold i for test, the next for validation, the others.

    With five folds this is the protocol of Paplham & Franc 2024, "A Call to Reflect on Evaluation Practices for Age
    Estimation": 60 % training, 20 % validation and 20 % test rows, and every row is tested once.
    """
    for turn, test in enumerate(folds):
        validating = (turn + 1) % len(folds)
        train = [fold for number, fold in enumerate(folds) if number not in {turn, validating}]
        yield {"train": pd.concat(train, ignore_index=True), "val": folds[validating], "test": test}


def hold_out_each(
    table: pd.DataFrame, part: "pd.Series[str]", *, groups: AgeGroups, seed: int
) -> Iterator[tuple[str, dict[str, pd.DataFrame]]]:
    """Yield each part of a table by name as `test`, with the other parts as `train` and `val`.

    This is leave-one-person-out if the parts are people, leave-one-source-out if they are sources, and the protocol of
    Adience if they are its published folds. A tenth of the other rows, of groups that `train` does not have, validates.
    Rows of other parts that share a group with `test` are left out.

    Args:
        table: Follows GROUPED.
        part: The part of each row.
        groups: The age groups.
        seed: Seed of the hash that assigns groups to `train` and `val`.

    Yields:
        The name, and tables that follow SPLIT.

    Raises:
        ParamsError: There are fewer than two parts.
        DataError: A split would have no rows.
    """
    names = sorted(part.unique())
    if len(names) < 2:
        msg = f"Nothing is left to train on: at least 2 parts are needed. Received: {', '.join(names) or 'none'}."
        raise ParamsError(msg)
    table = table.assign(age_group=groups.of_intervals(table["age_low"].to_numpy(), table["age_high"].to_numpy()))
    for name in names:
        test = table.loc[part == name, SPLIT.names].reset_index(drop=True)
        others = table.loc[(part != name) & ~table["group"].isin(test["group"]), GROUPED.names]
        fractions = {"train": 1 - VALIDATING, "val": VALIDATING}
        yield name, {**split_table(others, fractions=fractions, groups=groups, seed=seed), "test": test}
