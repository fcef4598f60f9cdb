"""Keras metrics by hand-made numbers."""

import numpy as np
import pytest

from agelens.models.training.keras_metrics import AgeErrors, ExactMAE, GroupAccuracy
from tests.models.serialisation import assert_serialises


def floats(rows):
    return np.array(rows, dtype=np.float32)


def test_the_mae_is_over_the_exact_rows_of_all_batches():
    metric = ExactMAE()
    metric.update_state(floats([[30, 30], [20, 29], [10, 10]]), floats([[33], [90], [9]]))
    metric.update_state(floats([[50, 50]]), floats([[45]]))
    assert float(metric.result()) == pytest.approx((3 + 1 + 5) / 3)


def test_metrics_are_reset_for_each_epoch():
    metric = ExactMAE()
    metric.update_state(floats([[30, 30]]), floats([[33]]))
    metric.reset_state()
    metric.update_state(floats([[30, 30]]), floats([[31]]))
    assert float(metric.result()) == pytest.approx(1)


def test_the_mae_ignores_weights_of_the_loss():
    metric = ExactMAE()
    metric.update_state(floats([[30, 30], [30, 30]]), floats([[32], [40]]), sample_weight=floats([5.0, 0.2]))
    assert float(metric.result()) == pytest.approx(6)


def test_errors_of_exact_ages_are_counted_by_band_over_all_batches():
    metric = AgeErrors()
    metric.update_state(floats([[30, 30], [20, 29], [10, 10], [9, 9]]), floats([[35], [90], [4], [9.5]]))
    metric.update_state(
        floats([[39, 39], [95, 95], [90, 90]]), floats([[36], [70], [91]]), sample_weight=floats([9, 9, 9])
    )
    assert float(metric.result()) == pytest.approx(4 / 6)  # 5, 0.5, 3 and 1 year
    assert metric.mae_by_band() == pytest.approx({"0-9": 0.5, "10-19": 6, "30-39": 4, "90+": 13})


def test_bands_without_an_exact_age_are_left_out():
    metric = AgeErrors()
    assert (float(metric.result()), metric.mae_by_band()) == (0, {})
    metric.update_state(floats([[20, 29]]), floats([[25]]))
    assert (float(metric.result()), metric.mae_by_band()) == (0, {})


def test_the_accuracy_is_over_the_rows_that_have_a_group():
    metric = GroupAccuracy()
    shares = floats([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.9, 0.1, 0.0]])
    metric.update_state(floats([0, 2, 2, -1]), shares)
    assert float(metric.result()) == pytest.approx(2 / 3)


def test_the_accuracy_ignores_weights_of_the_loss():
    metric = GroupAccuracy()
    metric.update_state(floats([0, 1]), floats([[0.7, 0.3], [0.7, 0.3]]), sample_weight=floats([9.0, 1.0]))
    assert float(metric.result()) == pytest.approx(0.5)


@pytest.mark.parametrize("metric", [ExactMAE(), AgeErrors(), GroupAccuracy(name="share")])
def test_a_metric_is_serialised(metric):
    assert_serialises(metric)
