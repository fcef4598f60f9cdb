"""Folds for cross-validation: parts of equal size that share no person and no photograph, each tested on once."""

from collections.abc import Iterator, Sequence

import pandas as pd

from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.splits.split import split_table


def make_folds(table: pd.DataFrame, *, count: int, groups: AgeGroups, seed: int) -> list[pd.DataFrame]:
    """Return the rows of each fold, dealt as `split_table` deals splits: whole groups, even shares of every age group.

    Args:
        table: Follows GROUPED.
        count: Number of folds.
        groups: The age groups.
        seed: Another seed deals other folds.

    Returns:
        Tables that follow SPLIT.

    Raises:
        ParamsError: There are fewer than three folds, so that training, validation and test have none each.
        DataError: A fold would get no rows.
    """
    if count < 3:
        msg = f"A protocol needs at least 3 folds: one to test, one to validate, the rest to train. Received: {count}."
        raise ParamsError(msg)
    fractions = {f"fold {number}": 1 / count for number in range(count)}
    return list(split_table(table, fractions=fractions, groups=groups, seed=seed).values())


def rotate_folds(folds: Sequence[pd.DataFrame]) -> Iterator[dict[str, pd.DataFrame]]:
    """Yield the splits `train`, `val` and `test` of every turn: fold i is tested, the next validates, the rest train.

    With five folds that is the protocol of Paplham & Franc 2024, "A Call to Reflect on Evaluation Practices for Age
    Estimation": six tenths, two and two, and every row tested once.
    """
    for turn, test in enumerate(folds):
        validating = (turn + 1) % len(folds)
        train = [fold for number, fold in enumerate(folds) if number not in {turn, validating}]
        yield {"train": pd.concat(train, ignore_index=True), "val": folds[validating], "test": test}
