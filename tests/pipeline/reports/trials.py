"""Files of a made-up search, as the stage `tune` writes them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

SETTINGS = ["units", "age_head", "learning_rate"]
SPACE = {
    "units": [64, 128],
    "age_head": ["linear", "distribution"],
    "learning_rate": {"low": 1e-4, "high": 2e-2, "log": True, "step": None},
}


def trials_of(count: int) -> pd.DataFrame:
    """Return a table of trials of 3 epochs, best first."""
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
        "parent": None,
    }
    return pd.DataFrame(table)


def curves_of(trials: pd.DataFrame) -> pd.DataFrame:
    """Return three epochs of each trial, the last of which has its score."""
    rows = [
        {"trial": row.trial, "epoch": epoch, "age_mae": row.val_age_mae, "val_age_mae": row.val_age_mae + 3 - epoch}
        for row in trials.itertuples()
        for epoch in (1, 2, 3)
    ]
    return pd.DataFrame(rows)


def write_search(folder: Path, trials: pd.DataFrame, *, winner: str = "tuned") -> None:
    """Write the files of a search with these trials."""
    folder.mkdir(parents=True, exist_ok=True)
    trials.to_csv(folder / "trials.csv", index=False)
    curves_of(trials).to_csv(folder / "curves.csv", index=False)
    (folder / "importance.csv").write_text("setting,importance\nlearning_rate,0.5\nunits,0.25\nage_head,0.0\n")
    (folder / "retrained.csv").write_text("name,mean,sd,seeds\n1,6.61,0.01,3\nuntuned,7.0,0.02,3\n")
    best = {"winner": winner, "settings": {}, "val_age_mae": 6.61, "sd": 0.01}
    best |= {"untuned_val_age_mae": 7.0, "untuned_sd": None, "seeds": 3, "fingerprint": "f"}
    (folder / "best.json").write_text(json.dumps(best))
    budget = {"trials": len(trials), "epochs": 3 * len(trials)}
    search = {"scope": "head", "tuner": "random", "max_epochs": 3, "trials": len(trials)}
    (folder / "search.json").write_text(json.dumps({**search, "budget": budget, "space": SPACE}))
