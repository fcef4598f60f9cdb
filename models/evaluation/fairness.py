"""Errors of groups of people at equal ages.

Groups of a data set differ in age: in UTKFace, faces labelled "Other" are 23 years old on average and those labelled
"White" 38, and errors grow with age. Plain means compare ages as much as people. Direct standardisation (Fleiss, Levin
& Paik 2003, *Statistical Methods for Rates and Proportions*, chapter 19) gives every group the same ages: the mean of
each age band is weighted with the share of the band among all faces.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from agelens.data_prep.core.age_bands import BAND_NAMES, TEN_YEARS
from agelens.data_prep.core.labels import ATTRIBUTES
from agelens.models.evaluation.bootstrap import Floats, bootstrap, percentile_interval
from agelens.models.evaluation.metrics import row_scores

MIN_GROUP_FACES = 30
"""Exact rows of a group of people that is compared."""

MIN_CELL_FACES = 5
"""Exact rows that every compared group has in an age band that is used."""

SCORES = ("mae", "bias", "cs5", "coverage")
"""The metrics that are standardised."""

COMPARISONS: tuple[tuple[str, ...], ...] = (*((name,) for name in ATTRIBUTES), ("gender", "ethnicity"))
"""Attributes whose classes, or combinations of classes, are compared."""


@dataclass(frozen=True)
class AgeCells:
    """The rows of compared groups, sorted into the cells of a table of groups and age bands.

    Args:
        names: Of the G groups.
        cell: `(B,)`, index of each row's cell, `group * bands + band`.
        shares: `(bands,)`, the share of each band among all rows, which every group is given.
    """

    names: tuple[str, ...]
    cell: npt.NDArray[np.int64]
    shares: Floats

    def standardised(self, scores: Floats, weights: Floats) -> Floats:
        """Return the standardised mean of each score for each group, `(G, M)`.

        Args:
            scores: `(B, M)`.
            weights: `(B,)`, of the rows.
        """
        cells = len(self.names) * len(self.shares)
        counts = np.bincount(self.cell, weights=weights, minlength=cells)
        sums = np.stack([np.bincount(self.cell, weights=weights * score, minlength=cells) for score in scores.T])
        with np.errstate(invalid="ignore"):
            means = (sums / counts).reshape(scores.shape[1], len(self.names), len(self.shares))
        result: Floats = (means @ self.shares).T
        return result


def standardised_errors(table: pd.DataFrame, *, seed: int = 0, resamples: int = 1000) -> pd.DataFrame:
    """Return errors by gender, by ethnicity and by both, standardised by age, and the largest gap of each comparison.

    Only exact rows with a label of each attribute count. Groups with fewer than `MIN_GROUP_FACES` rows are left out,
    and so are age bands in which a compared group has fewer than `MIN_CELL_FACES` rows.

    Args:
        table: A predictions table.
        seed: Of the bootstrap.
        resamples: Number of bootstrap samples, which are drawn by `group`.

    Returns:
        One row per group: `comparison` (such as `gender x ethnicity`), `value` (such as `female Asian`), an empty
        `minus`, `faces`, `mean_age` and `plain_mae` in years, over all ages; `ages` (the ages that are used, such as
        `0-9 20-59`), `faces_used`, and the standardised `mae`, `bias`, `cs5` and `coverage`, each with `_low` and
        `_high`, the ends of its 95 % interval. Then one row with the largest gap: the group `value` has the largest
        standardised MAE, the group `minus` the smallest, and the metrics are differences of the two. With several
        groups, some gap is always found: read its interval. Comparisons of fewer than two groups are left out,
        and that of both attributes if one of them does not vary.
    """
    rows = [row for names in COMPARISONS for row in _compare(table, names, seed=seed, resamples=resamples)]
    ends = [f"{score}{end}" for score in SCORES for end in ("", "_low", "_high")]
    counts = ["faces", "mean_age", "plain_mae", "ages", "faces_used"]
    return pd.DataFrame(rows, columns=["comparison", "value", "minus", *counts, *ends])


def _compare(
    table: pd.DataFrame, attributes: tuple[str, ...], *, seed: int, resamples: int
) -> Iterator[dict[str, object]]:
    scores = row_scores(table)
    labelled = scores["mae"].notna()
    for name in attributes:
        labelled &= table[name].isin(ATTRIBUTES[name].classes)
    rows, scores = table[labelled], scores[labelled]
    value = rows[list(attributes)].agg(" ".join, axis=1) if len(rows) else pd.Series(dtype=str)
    enough = value.isin(value.value_counts().loc[lambda faces: faces >= MIN_GROUP_FACES].index)
    rows, scores, value = rows[enough], scores[enough], value[enough]
    names = tuple(sorted(value.unique()))
    if any(rows[name].nunique() < 2 for name in attributes):
        return
    facts = {
        name: {
            "comparison": " x ".join(attributes),
            "value": name,
            "minus": "",
            "faces": int((value == name).sum()),
            "mean_age": float(rows.loc[value == name, "true_age"].mean()),
            "plain_mae": float(scores.loc[value == name, "mae"].mean()),
        }
        for name in names
    }
    cells, used, ages = age_cells(rows["true_age"].to_numpy(), value.to_numpy(), names=names)
    if not ages:
        yield from facts.values()
        return
    kept, groups = scores.loc[used, list(SCORES)].to_numpy(), rows.loc[used, "group"]
    found = cells.standardised(kept, np.ones(len(kept)))
    draws = bootstrap(lambda weights: cells.standardised(kept, weights), groups, seed=seed, resamples=resamples)
    for index, name in enumerate(names):
        counted = {"ages": ages, "faces_used": int((value[used] == name).sum())}
        yield facts[name] | counted | _with_ends(found[index], draws[:, index])
    high, low = int(found[:, 0].argmax()), int(found[:, 0].argmin())
    gap = {"comparison": " x ".join(attributes), "value": names[high], "minus": names[low], "ages": ages}
    yield gap | _with_ends(found[high] - found[low], draws[:, high] - draws[:, low])


def age_cells(
    true_age: npt.ArrayLike, value: npt.ArrayLike, *, names: tuple[str, ...], min_faces: int = MIN_CELL_FACES
) -> tuple[AgeCells, npt.NDArray[np.bool_], str]:
    """Return the cells of groups and age bands, the rows in them, and the ages that they span.

    Args:
        true_age: `(N,)`, exact, in years.
        value: `(N,)`, the group of each row, one of `names`.
        names: Of the groups.
        min_faces: Fewest rows of every group in a band of ten years that is used.

    Returns:
        The cells of the B rows that are used; `(N,)`, whether a row is used; and the ages, such as `0-9 20-59`; empty
        if no band has enough rows of every group.
    """
    band = np.searchsorted(TEN_YEARS, np.asarray(true_age, dtype=np.float64), side="right")
    group = np.searchsorted(names, np.asarray(value))
    counts = np.zeros((len(names), len(BAND_NAMES)), dtype=int)
    np.add.at(counts, (group, band), 1)
    bands = np.flatnonzero((counts >= min_faces).all(axis=0))
    used = np.isin(band, bands)
    place = np.searchsorted(bands, band[used])
    shares = np.bincount(place, minlength=len(bands)) / max(1, int(used.sum()))
    return AgeCells(names, group[used] * len(bands) + place, shares), used, _span(bands.tolist())


def _span(bands: Sequence[int]) -> str:
    """Return the ages of some bands, adjacent bands as one range."""
    firsts = [band for band in bands if band - 1 not in bands]
    lasts = [band for band in bands if band + 1 not in bands]
    names = [(BAND_NAMES[first].rstrip("+"), BAND_NAMES[last]) for first, last in zip(firsts, lasts, strict=True)]
    return " ".join(
        f"{first.partition('-')[0]}+" if last.endswith("+") else f"{first.partition('-')[0]}-{last.partition('-')[2]}"
        for first, last in names
    )


def _with_ends(found: Floats, draws: Floats) -> dict[str, float]:
    low, high = percentile_interval(draws)
    ends = {"": found, "_low": low, "_high": high}
    return {f"{score}{end}": float(values[i]) for i, score in enumerate(SCORES) for end, values in ends.items()}
