"""The importance of a setting is the share of the variance of the scores that it explains."""

import numpy as np
import pandas as pd
import pytest

from agelens.tuning.importance import setting_importance

COUNT = 60
RNG = np.random.default_rng(0)
TRIALS = pd.DataFrame(
    {
        "units": np.resize([16, 32, 64], COUNT),
        "head": RNG.choice(["linear", "distribution"], COUNT),
        "rate": RNG.uniform(0.001, 0.1, COUNT),
        "same": 1,
        "epochs": np.repeat([3, 20], COUNT // 2),
    }
)


def importance_of(scores, settings=("units", "head", "rate", "same")):
    return setting_importance(TRIALS.assign(val_age_mae=scores), settings=settings)


def test_a_setting_that_determines_the_score_explains_nearly_all():
    found = importance_of(TRIALS["units"] + RNG.uniform(0, 1e-3, COUNT))
    assert found.index[0] == "units"
    assert found["units"] > 0.85
    assert found.drop("units").max() < 0.15


def test_ranges_are_divided_into_bins():
    assert importance_of(-np.log(TRIALS["rate"])).index[0] == "rate"


def test_trials_with_different_numbers_of_epochs_are_not_compared():
    scores = RNG.uniform(0, 1, COUNT) + np.where(TRIALS["epochs"] == 3, 10, 0)
    table = TRIALS.assign(val_age_mae=scores, long=TRIALS["epochs"] == 20)
    assert setting_importance(table, settings=["long"])["long"] < 0.05


def test_neither_are_different_numbers_of_trials():
    # Ranks as shares of each number of epochs: without, those of 40 trials would be higher than those of 20.
    table = TRIALS.assign(epochs=np.repeat([3, 20], [40, 20]), val_age_mae=np.random.default_rng(1).permutation(COUNT))
    table["long"] = table["epochs"] == 20
    assert setting_importance(table, settings=["long"])["long"] < 0.05


@pytest.mark.parametrize("scores", [np.ones(COUNT), RNG.uniform(0, 1, COUNT)], ids=["equal scores", "random scores"])
def test_importance_is_low_and_not_negative_if_no_setting_matters(scores):
    found = importance_of(scores)
    assert found.between(0, 0.15).all()
    assert found["same"] == 0


def test_importance_follows_the_formula():
    """Ranks 1..4 of 4: between halves (1.5 - 2.5)^2 and so on gives eta^2 = 0.8; epsilon^2 = 1 - 3/2 * 0.2."""
    trials = pd.DataFrame({"a": [1, 1, 2, 2], "val_age_mae": [1.0, 2.0, 3.0, 4.0], "epochs": 3})
    assert setting_importance(trials, settings=["a"])["a"] == pytest.approx(1 - 3 / 2 * 0.2)


def test_tied_scores_have_their_mean_rank():
    """Ranks 2, 2, 2 and 4 of 4 vary by 0.1875 about their mean 0.625, and by 0.125 within the second half."""
    trials = pd.DataFrame({"a": [1, 1, 2, 2], "val_age_mae": [1.0, 1.0, 1.0, 4.0], "epochs": 3})
    assert setting_importance(trials, settings=["a"])["a"] == pytest.approx(1 - 3 / 2 * 0.125 / 0.1875)


@pytest.mark.parametrize(("count", "importance"), [(6, 1.0), (7, 0.0)])
def test_numbers_are_divided_into_bins_from_seven_values_on(count, importance):
    # Neighbouring values alternate between a good and a bad score, which bins of two or three values cannot show.
    values = np.tile(np.arange(count), 2)
    trials = pd.DataFrame({"a": values, "val_age_mae": values % 2, "epochs": 3})
    assert setting_importance(trials, settings=["a"])["a"] == pytest.approx(importance, abs=0.1)
