"""The importance of each setting: the share of the variance of the scores that it explains by itself."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from agelens.models.training.history import MONITOR

LEVELS = 3
"""A numeric setting with more than twice as many values is divided into so many bins of equal size."""


def setting_importance(trials: pd.DataFrame, *, settings: Sequence[str]) -> pd.Series:
    """Return each setting's importance in 0..1, highest first.

    It is epsilon squared of a one-way analysis of variance (Kelley 1935), which unlike eta squared does not grow with
    the number of levels: `1 - (n - 1) / (n - k) * (1 - eta^2)`, at least 0. The scores are ranks among trials with the
    same number of epochs, so that neither the number of epochs nor a diverged trial dominates. Interactions of
    settings are not measured.

    Args:
        trials: Table of trials.
        settings: Names of the columns that hold settings.
    """
    ranks = trials.groupby("epochs")[MONITOR].rank(pct=True)
    shares = {name: _explained(_levels(trials[name]), ranks) for name in settings}
    return pd.Series(shares, dtype=float).sort_values(ascending=False, kind="stable")


def _levels(values: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > 2 * LEVELS:
        return pd.qcut(values.rank(method="first"), LEVELS, labels=False)
    return values


def _explained(levels: pd.Series, scores: pd.Series) -> float:
    count, groups = len(scores), levels.nunique()
    total = float(((scores - scores.mean()) ** 2).sum())
    if groups < 2 or count <= groups or total < 1e-9:
        return 0.0
    within = float(((scores - scores.groupby(levels).transform("mean")) ** 2).sum())
    return float(np.clip(1 - (count - 1) / (count - groups) * within / total, 0.0, 1.0))
