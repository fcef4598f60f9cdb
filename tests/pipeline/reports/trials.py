"""A table of made-up trials."""

import numpy as np
import pandas as pd

SETTINGS = ["units", "age_head", "learning_rate"]


def trials_of(count):
    rng = np.random.default_rng(0)
    table = {
        "units": rng.choice([64, 128], count),
        "age_head": rng.choice(["linear", "distribution"], count),
        "learning_rate": np.exp(rng.uniform(-9, -4, count)),
        "val_age_mae": np.sort(rng.uniform(5, 9, count)),
        "epochs": 3,
        "bracket": 1,
        "round": 0,
        "trial": [f"{row:04d}" for row in range(count)],
    }
    return pd.DataFrame(table)
