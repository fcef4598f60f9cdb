"""Losses by hand-made numbers."""

import math

import keras
import numpy as np
import pytest

from agelens.models.training.losses import GroupLoss, IntervalLoss, LabelDistributionLoss, interval_error
from tests.models.serialisation import assert_serialises

YEARS = np.arange(101)
UNIFORM = np.full((1, 101), 1 / 101, dtype=np.float32)


def floats(rows):
    return np.array(rows, dtype=np.float32)


@pytest.mark.parametrize(
    ("low", "high", "predicted", "years"),
    [(30, 30, 33, 3), (30, 30, 27, 3), (30, 30, 30, 0), (20, 29, 33, 4), (20, 29, 18, 2), (20, 29, 25, 0)],
)
def test_the_error_is_the_distance_to_the_nearer_end_of_the_label(low, high, predicted, years):
    assert np.asarray(interval_error(floats([[low, high]]), floats([[predicted]]))) == pytest.approx([years])


@pytest.mark.parametrize(
    ("kind", "delta", "expected"),
    [
        # Errors of 3 years (exact 30), 4 years (20..29, predicted 33), 0.5 years (exact 10) and none (inside 40..49).
        ("mae", 1.0, (3 + 4 + 0.5 + 0) / 4),
        ("mse", 1.0, (9 + 16 + 0.25 + 0) / 4),
        ("huber", 1.0, (0.5 + 2 + 0.5 + 3 + 0.125 + 0) / 4),
        ("huber", 4.0, (4.5 + 8 + 0.125 + 0) / 4),
    ],
)
def test_each_kind_of_age_loss_by_hand(kind, delta, expected):
    target = floats([[30, 30], [20, 29], [10, 10], [40, 49]])
    predicted = floats([[33], [33], [10.5], [44]])
    assert float(IntervalLoss(kind, delta=delta)(target, predicted)) == pytest.approx(expected)


def test_weights_of_rows_scale_their_loss():
    loss = IntervalLoss("mae")(floats([[30, 30], [30, 30]]), floats([[32], [40]]), floats([2.0, 0.5]))
    assert float(loss) == pytest.approx((2 * 2 + 0.5 * 10) / 2)


def soft_label_mean(age, *, sigma=2.0, power=1, about=0.0):
    """Return the mean of (year - about)^power under the loss's own soft label of an exact age.

    The loss is minus the mean of the logs of what it is given, so logs of -(year - about)^power / scale give it away.
    """
    scale = 1000.0
    values = (YEARS - about) ** power / scale
    given = np.exp(-values)[None].astype(np.float32)
    return float(LabelDistributionLoss(sigma=sigma)(floats([[age, age]]), given)) * scale


def test_the_label_distribution_of_a_newborn_is_narrow():
    # Width 0.5: weights 1, e^-2 and e^-8 of the years 0, 1 and 2.
    weights = np.exp([0, -2, -8])
    expected = (weights * [0, 1, 2]).sum() / weights.sum()
    assert expected == pytest.approx(0.12, abs=0.001)
    assert soft_label_mean(0) == pytest.approx(expected, abs=0.002)


@pytest.mark.parametrize(
    ("age", "variance"),
    # In mid-range sigma^2 = 4. At 4 and 96 the width is 1.5 years; at 2 and 98 it is 1.
    [(50, 4.0), (6, 4.0), (94, 4.0), (4, 2.25), (96, 2.25), (2, 1.0), (98, 1.0)],
)
def test_the_label_distribution_narrows_towards_both_ends(age, variance):
    assert soft_label_mean(age, power=2, about=age) == pytest.approx(variance, abs=0.2)


@pytest.mark.parametrize("age", [0, 1, 2, 3, 4, 6, 10, 50, 90, 96, 98, 99, 100])
def test_label_distributions_at_the_ends_have_little_bias(age):
    # A fixed width of 2 years would make the mean of a newborn's label 1.3 years.
    assert soft_label_mean(age) == pytest.approx(age, abs=0.13)


def test_a_label_between_two_years_lies_between_them():
    assert soft_label_mean(33.5) == pytest.approx(33.5, abs=0.01)


def test_the_loss_is_lowest_for_a_prediction_equal_to_the_label_distribution():
    soft = np.exp(-0.5 * ((YEARS - 50) / 2) ** 2)
    soft = (soft / soft.sum())[None].astype(np.float32)
    loss = LabelDistributionLoss(sigma=2.0)
    entropy = 0.5 * math.log(2 * math.pi * math.e * 4)
    assert float(loss(floats([[50, 50]]), soft)) == pytest.approx(entropy, abs=1e-3)
    assert float(loss(floats([[50, 50]]), UNIFORM)) == pytest.approx(math.log(101), abs=1e-3)
    assert float(loss(floats([[50, 50]]), np.roll(soft, 3))) > entropy + 1


def flat(low, high):
    """Return the target of an interval by hand: a step at both ends, each smoothed by 1.5 years."""
    step = np.vectorize(lambda years: 0.5 * (1 + math.erf(years / (1.5 * math.sqrt(2)))))
    target = step(YEARS - low + 0.5) - step(YEARS - high - 0.5)
    return target / target.sum()


@pytest.mark.parametrize(("low", "high"), [(0, 9), (20, 29), (25, 32), (95, 100), (0, 100)])
def test_an_interval_is_a_flat_smoothed_target(low, high):
    target = flat(low, high)
    predicted = (target[None] + 1e-6).astype(np.float32)
    entropy = -(target * np.log(np.maximum(target, 1e-12))).sum()
    assert float(LabelDistributionLoss()(floats([[low, high]]), predicted)) == pytest.approx(entropy, abs=2e-3)
    assert float(LabelDistributionLoss()(floats([[low, high]]), UNIFORM)) == pytest.approx(math.log(101), abs=1e-3)


@pytest.mark.parametrize("year", [25, 28, 32])
def test_the_loss_of_one_year_of_the_interval_is_higher_than_of_a_spread(year):
    spike = np.full((1, 101), 1e-4, dtype=np.float32)
    spike[0, year] = 0.99
    assert float(LabelDistributionLoss()(floats([[25, 32]]), spike)) > 6
    even = flat(25, 32)[None].astype(np.float32)
    assert float(LabelDistributionLoss()(floats([[25, 32]]), even)) < 2.6


def test_a_network_that_learns_intervals_puts_no_year_above_a_quarter():
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(101, activation="softmax")])
    model.compile(optimizer=keras.optimizers.Adam(0.3), loss=LabelDistributionLoss())
    features = np.ones((8, 4), dtype=np.float32)
    model.fit(features, floats([[25, 32]] * 8), epochs=150, verbose=0)
    shares = model.predict(features, verbose=0)[0]
    assert shares.max() < 0.25
    assert shares[24:34].sum() > 0.85


@pytest.mark.parametrize("label", [[10, 10], [5, 15], [20.2, 20.8]])
def test_the_loss_without_probability_at_the_label_is_finite(label):
    certain = np.eye(101, dtype=np.float32)[[80]]
    assert float(LabelDistributionLoss()(floats([label]), certain)) == pytest.approx(-math.log(1e-7), rel=0.01)


def test_exact_and_interval_labels_mix_in_a_batch():
    loss = LabelDistributionLoss()(floats([[50, 50], [0, 9]]), UNIFORM.repeat(2, axis=0))
    assert float(loss) == pytest.approx(math.log(101), abs=1e-3)


def test_a_row_without_a_group_has_zero_loss():
    shares = floats([[0.2, 0.8], [0.2, 0.8]])
    assert float(GroupLoss()(floats([1, 0]), shares)) == pytest.approx(-(math.log(0.8) + math.log(0.2)) / 2, abs=1e-5)
    assert float(GroupLoss()(floats([1, -1]), shares)) == pytest.approx(-math.log(0.8) / 2, abs=1e-5)
    assert float(GroupLoss()(floats([-1, -1]), shares)) == 0.0


def test_label_smoothing_by_hand():
    shares = floats([[0.2, 0.8]])
    expected = -(0.9 * math.log(0.8) + 0.1 * (math.log(0.2) + math.log(0.8)) / 2)
    assert float(GroupLoss(label_smoothing=0.1)(floats([1]), shares)) == pytest.approx(expected, abs=1e-5)
    assert float(GroupLoss(label_smoothing=0.1)(floats([-1]), shares)) == 0.0


def test_the_loss_of_certainty_in_the_wrong_group_is_finite():
    certain, floor = floats([[1.0, 0.0]]), -math.log(1e-7)
    assert float(GroupLoss()(floats([1]), certain)) == pytest.approx(floor, rel=5e-4)
    smoothed = GroupLoss(label_smoothing=0.1)(floats([1]), certain)
    assert float(smoothed) == pytest.approx(0.9 * floor + 0.1 * floor / 2, rel=5e-4)


@pytest.mark.parametrize(
    ("loss", "predicted"),
    [
        (IntervalLoss("mse"), [[12.0]]),
        (IntervalLoss("huber", delta=3.0, name="years"), [[12.0]]),
        (LabelDistributionLoss(sigma=3.0, name="distribution"), UNIFORM),
    ],
)
def test_an_age_loss_is_serialised(loss, predicted):
    copy = assert_serialises(loss)
    target = floats([[20, 20]])
    assert float(copy(target, floats(predicted))) == float(loss(target, floats(predicted)))


def test_a_group_loss_is_serialised():
    assert assert_serialises(GroupLoss(name="group", label_smoothing=0.1)).label_smoothing == 0.1
