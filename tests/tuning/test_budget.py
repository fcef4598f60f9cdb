"""The budget of a search, counted by hand: models x epochs, where a promoted model continues its training."""

import pytest

from agelens.tuning.budget import Budget, hyperband_budget

THREE_BRACKETS = [
    [(4, 0, 20)],
    [(6, 0, 7), (2, 7, 20)],
    [(12, 0, 3), (4, 3, 7), (2, 7, 20)],
]
"""20 epochs, factor 3: rounds of (models, from epoch, to epoch). E = 4 models at the end; 20/9 -> 3, 20/3 -> 7."""

TWO_BRACKETS = [
    [(3, 0, 6)],
    [(5, 0, 2), (2, 2, 6)],
]
"""6 epochs, factor 3: E = ceil(1 + 1.63) = 3 models; 3 / 2 * 3 = 4.5 -> 5 start bracket 1, 1.5 -> 2 are promoted."""

FOUR_BRACKETS = [
    [(4, 0, 8)],
    [(4, 0, 4), (2, 4, 8)],
    [(6, 0, 2), (3, 2, 4), (2, 4, 8)],
    [(8, 0, 1), (4, 1, 2), (2, 2, 4), (1, 4, 8)],
]
"""8 epochs, factor 2: E = 4; every round halves the number of models and doubles their epochs."""


@pytest.mark.parametrize(
    ("max_epochs", "factor", "brackets"),
    [(20, 3, THREE_BRACKETS), (6, 3, TWO_BRACKETS), (8, 2, FOUR_BRACKETS), (2, 3, [[(2, 0, 2)]])],
)
@pytest.mark.parametrize("iterations", [1, 2])
def test_budget_is_the_sum_of_the_brackets(max_epochs, factor, brackets, iterations):
    rounds = [turn for bracket in brackets for turn in bracket]
    trials = sum(models for models, _, _ in rounds)
    epochs = sum(models * (until - since) for models, since, until in rounds)
    found = hyperband_budget(max_epochs=max_epochs, factor=factor, iterations=iterations)
    assert found == Budget(trials * iterations, epochs * iterations)


def test_budget_of_the_default_search():
    assert hyperband_budget(max_epochs=20, factor=3, iterations=2) == Budget(trials=60, epochs=452)
