"""Folds for cross-validation: parts of equal size without common people or photographs, each tested once."""

from collections.abc import Iterator, Sequence

import pandas as pd

from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.splits.split import split_table


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
