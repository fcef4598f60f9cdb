"""Rebalancing of ages in the train split: common ages are reduced, rare ones repeated, and optionally weighted."""

from typing import Literal

import numpy as np
import pandas as pd

from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.labels import MAX_AGE
from agelens.data_prep.core.tables import REJECTED, TRAIN
from agelens.data_prep.splits.split import hash_names

MIN_WEIGHT, MAX_WEIGHT = 0.2, 5.0
"""Weights are clipped to this range before they are divided by their mean."""


def rebalance_table(
    train: pd.DataFrame,
    *,
    min_count: int = 10,
    copies: int = 3,
    max_count: int = 2000,
    weights: Literal["none", "inverse", "smoothed"] = "none",
    weight_power: float = 0.5,
    weight_sigma: float = 2.0,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rebalanced training rows and the removed rows.

    Ages are counted in whole years over the rows with an exact age. Rows with an age interval are not counted or
    removed; they are drawn once and have weight 1.

    Args:
        train: Follows SPLIT.
        min_count: Rows of ages with fewer rows are drawn `copies` times per epoch.
        copies: Draws of a rare row per epoch, each in another view.
        max_count: Ages with more rows are reduced to this number. The shares of their sources are kept, by largest
            remainder; a hash of `image_id` decides which rows are kept.
        weights: `inverse` weights ages by `(mean count of all present ages / count of this age) ** weight_power`.
            Counts are draws after the two steps above. Weights are clipped to 0.2..5.0 and divided by their mean over
            the rows, in which each row counts once. `smoothed` does the same with counts that are smoothed over
            neighbouring ages (label distribution smoothing, Yang et al. 2021, "Delving into deep imbalanced
            regression"). The default is `none`, because repetition already compensates for rarity.
        weight_power: 0 gives all rows the same weight, 1 gives all ages the same total weight.
        weight_sigma: Standard deviation in years of the Gaussian that smooths the counts.
        seed: Seed of the hash that decides which rows are kept.

    Returns:
        A table that follows TRAIN and one that follows REJECTED (reason `over_represented_age`), with rows in the
        order of `train`.

    Raises:
        ParamsError: A number is out of range.
    """
    _check_counts(min_count=min_count, copies=copies, max_count=max_count)
    train = train.reset_index(drop=True)
    years = np.floor(train["age"]).where(train["age_low"] == train["age_high"])  # missing for intervals
    keeps = _choose_rows(train, years, max_count=max_count, seed=seed)
    count = years[keeps].groupby(years[keeps]).transform("size")  # missing for intervals, which are never rare
    kept = train[keeps].assign(copies=np.where(count < min_count, copies, 1).astype(np.int64), weight=1.0)
    if weights != "none":
        sigma = weight_sigma if weights == "smoothed" else 0.0
        kept["weight"] = _weigh_ages(years[keeps], kept["copies"], power=weight_power, sigma=sigma)
    return kept[TRAIN.names].reset_index(drop=True), _reject(train[~keeps], max_count=max_count)


def _check_counts(*, min_count: int, copies: int, max_count: int) -> None:
    if not (copies >= 1 and 0 <= min_count <= max_count and max_count >= 1):
        msg = (
            "Rebalancing needs copies >= 1 and max_count >= 1, with 0 <= min_count <= max_count. "
            f"Received: min_count {min_count}, copies {copies}, max_count {max_count}."
        )
        raise ParamsError(msg)


def _choose_rows(train: pd.DataFrame, years: "pd.Series[float]", *, max_count: int, seed: int) -> "pd.Series[bool]":
    """Return for each row whether it is kept."""
    counts = years.value_counts()
    keeps = pd.Series(data=True, index=train.index)
    for year in counts.index[counts > max_count]:
        rows = train[years == year]
        quota = apportion(rows["source"].value_counts(), total=max_count)
        order = hash_names(rows["image_id"], seed=seed).sort_values().index
        place = rows.loc[order].groupby("source").cumcount()
        keeps[order] = place < rows.loc[order, "source"].map(quota)
    return keeps


def apportion(counts: "pd.Series[int]", *, total: int) -> "pd.Series[int]":
    """Return integers in the proportions of `counts` with the sum `total`, by largest remainder.

    Of equal remainders, the first in the order of the index is preferred.
    """
    parts = counts.sort_index() * total
    shares = parts // counts.sum()
    largest_first = (parts % counts.sum()).sort_values(ascending=False, kind="stable").index
    shares[largest_first[: total - shares.sum()]] += 1
    return shares


def _weigh_ages(
    years: "pd.Series[float]", copies: "pd.Series[int]", *, power: float, sigma: float
) -> "pd.Series[float]":
    draws = copies.groupby(years).sum()
    counts = smooth_counts(draws.reindex(range(MAX_AGE + 1), fill_value=0), sigma=sigma)[draws.index]
    weight: pd.Series[float] = years.map((counts.mean() / counts) ** power).clip(MIN_WEIGHT, MAX_WEIGHT)
    return (weight / weight.mean()).fillna(1.0)


def smooth_counts(counts: "pd.Series[int]", *, sigma: float) -> "pd.Series[float]":
    """Return the mean of the counts around each age, weighted by a Gaussian that is truncated at both ends.

    Args:
        counts: Indexed by age in years, without gaps.
        sigma: Standard deviation in years; 0 returns the counts unchanged.
    """
    ages = counts.index.to_numpy(dtype=np.float64)
    distance = ages[:, None] - ages[None]
    kernel = np.exp(-0.5 * (distance / sigma) ** 2) if sigma > 0 else (distance == 0).astype(np.float64)
    return pd.Series(kernel @ counts.to_numpy(dtype=np.float64) / kernel.sum(axis=1), index=counts.index)


def _reject(cut: pd.DataFrame, *, max_count: int) -> pd.DataFrame:
    detail = f"more than {max_count} rows of age " + np.floor(cut["age"]).astype(np.int64).astype(str)
    return cut.assign(reason="over_represented_age", detail=detail)[REJECTED.names].reset_index(drop=True)
