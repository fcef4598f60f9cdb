"""Pictures of a Hyperband search."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from models.plots import BLUE, QUIET


def draw_trials(trials: pd.DataFrame, settings: tuple[str, ...], *, score: str = "val_age_mae") -> Figure:
    """Draw the score of every trial against each setting; trials that were trained to the end are dark."""
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    axes = figure.subplots(1, len(settings), sharey=True)
    longest = trials["epochs"] == trials["epochs"].max()
    rng = np.random.default_rng(0)
    for axis, setting in zip(axes, settings, strict=True):
        values = sorted(trials[setting].unique())
        place = trials[setting].map(values.index) + rng.uniform(-0.15, 0.15, len(trials))
        axis.scatter(place[~longest], trials[score][~longest], s=14, color=QUIET, label="stopped early")
        axis.scatter(place[longest], trials[score][longest], s=22, color=BLUE, label="trained to the end")
        axis.set_xticks(range(len(values)), [f"{value:g}" for value in values])
        axis.set_xlabel(setting.replace("_", " "))
    low, high = trials[score].min(), trials[score].quantile(0.9)
    axes[0].set_ylim(low - 0.05 * (high - low) - 0.01, high + 0.1 * (high - low) + 0.01)
    axes[0].set_ylabel("validation MAE, years")
    axes[-1].legend(frameon=False, fontsize=8)
    figure.suptitle(f"{len(trials)} trials", fontsize=11)
    return figure
