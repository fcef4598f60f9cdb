"""Which settings mattered: the share of the scores' variance that each explains by itself."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from agelens.models.training.history import MONITOR

LEVELS = 3
"""A setting with more values than this many times two is cut into as many parts of equal size."""


def setting_importance(trials: pd.DataFrame, *, settings: Sequence[str]) -> pd.Series:
    """Return each setting's importance in 0..1, highest first.

    It is epsilon squared of a one-way analysis of variance (Kelley 1935), which unlike eta squared does not grow with
    the number of levels: `1 - (n - 1) / (n - k) * (1 - eta^2)`, at least 0. Scores are ranks among the trials that
    were trained for as many epochs, so that neither the length of a training nor a diverged head drowns the rest.
    Interactions of settings are not seen.

    Args:
        trials: Table of trials.
        settings: Columns of it.
    """
    ranks = trials.groupby("epochs")[MONITOR].rank(pct=True)
    found = {name: _explained(_levels(trials[name]), ranks) for name in settings}
    return pd.Series(found, dtype=float).sort_values(ascending=False, kind="stable")


def _levels(values: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > 2 * LEVELS:
        return pd.qcut(values.rank(method="first"), LEVELS, labels=False)
    return values


def _explained(levels: pd.Series, scores: pd.Series) -> float:
    count, parts = len(scores), levels.nunique()
    total = float(((scores - scores.mean()) ** 2).sum())
    if parts < 2 or count <= parts or total < 1e-9:
        return 0.0
    within = float(((scores - scores.groupby(levels).transform("mean")) ** 2).sum())
    return float(np.clip(1 - (count - 1) / (count - parts) * within / total, 0.0, 1.0))
