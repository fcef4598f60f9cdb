"""Hand-made predictions tables for several tests."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.core.tables import PREDICTIONS, make_table

GROUPS = AgeGroups((0, 13, 26, 43, 61))

FACES = [
    (10, 10, 12),  # +2, group right
    (20, 20, 10),  # -10, one group off, outside the prediction interval
    (70, 70, 75),  # +5, group right, at its upper end
    (30, 30, 70),  # +40, two groups off
    (25, 32, 35),  # 3 outside the age interval; in group 26-42
    (8, 20, 15),  # inside the age interval, which is in no single group
]
"""Lowest and highest true age, and predicted age."""


def predictions_of(faces: Sequence[tuple[float, float, float]], **columns: Sequence[object]) -> pd.DataFrame:
    """Return a table of (lowest true age, highest true age, predicted age) with prediction intervals of ± 5 years."""
    low, high, age = np.array(faces, dtype=float).reshape(-1, 3).T
    table = make_table([], PREDICTIONS).reindex(range(len(low)))
    given = {
        "image_id": [f"set/{i}.jpg" for i in range(len(low))],
        "source": "set",
        "photo": [f"set/{i}.jpg" for i in range(len(low))],
        "group": [f"set/{i}.jpg" for i in range(len(low))],
        "framing": "box",
        "true_age": (low + high) / 2,
        "true_age_low": low,
        "true_age_high": high,
        "true_age_group": GROUPS.of_intervals(low, high),
        "age": age,
        "raw_age": age,
        "age_low": np.clip(age - 5, 0, 100),
        "age_high": np.clip(age + 5, 0, 100),
        "age_group": GROUPS.of_ages(age),
        "age_group_probability": 0.5,
    }
    return table.assign(**(given | columns))[PREDICTIONS.names]


def simulated(count: int) -> pd.DataFrame:
    """Return predictions with an MAE of about 4 years, of two genders, two ethnicities and two sources."""
    rng = np.random.default_rng(3)
    age = rng.integers(0, 90, count).astype(float)
    faces = np.stack([age, age, np.clip(age + rng.normal(0, 5, count), 0, 100)], axis=1)
    return predictions_of(
        [tuple(face) for face in faces.tolist()],
        gender=rng.choice(["female", "male"], count),
        ethnicity=rng.choice(["Asian", "White"], count),
        predicted_gender=rng.choice(["female", "male"], count),
        predicted_ethnicity=np.tile(["Asian", "White"], count // 2 + 1)[:count],
        source=rng.choice(["fgnet", "utkface"], count),
    )
