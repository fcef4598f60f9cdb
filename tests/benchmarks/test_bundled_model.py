"""The scripts that trained the bundled networks: targets, sampling, and the transfer from PyTorch to Keras."""

import numpy as np
import pytest
import torch

from benchmarks.bundled_model.age_network import AgeNetwork
from benchmarks.bundled_model.label_targets import AGES, label_distributions, mix_with_predictions, sampling_weights
from benchmarks.bundled_model.tilt import choose_tilt, log_odds, tilted
from benchmarks.bundled_model.transfer import largest_differences, transfer


def distribution(low, high):
    return label_distributions(np.array([low]), np.array([high]), sigma=2.0, smear=1.5)[0]


@pytest.mark.parametrize(("age", "deviation"), [(50.0, 2.0), (30.0, 2.0), (12.0, 2.0)])
def test_an_exact_age_becomes_a_normal_distribution(age, deviation):
    target = distribution(age, age)
    assert target @ AGES == pytest.approx(age)
    assert np.sqrt(target @ (AGES - age) ** 2) == pytest.approx(deviation, abs=1e-3)


def test_the_target_of_a_baby_is_narrower():
    assert distribution(0.0, 0.0)[0] > 0.7
    assert distribution(0.0, 0.0)[2] < 0.02


def test_the_middle_of_an_interval_is_flat_and_its_edges_are_smoothed():
    target = distribution(20.0, 39.0)
    np.testing.assert_allclose(target[26:34], 0.05, rtol=1e-3)
    assert target[20] + target[39] == pytest.approx(0.05 * 2 * 0.633, rel=0.01)
    assert target[18] > 0.004


def test_rare_ages_are_drawn_more_often_and_sources_by_their_factor():
    targets = np.eye(101)[np.repeat([20, 60], [400, 100])]
    sources = np.array(["a"] * 499 + ["b"])
    weights = sampling_weights(targets, sources, power=0.5, by_source={"b": 3.0})
    assert weights.sum() == pytest.approx(1)
    assert weights[400] / weights[0] == pytest.approx(np.sqrt(400 / 100), rel=0.02)
    assert weights[499] / weights[498] == pytest.approx(3)


def test_predictions_replace_a_share_of_labels_and_stay_inside_intervals():
    labels = np.zeros((3, 101))
    labels[0, 30] = labels[2, 30] = 1
    labels[1, 20:30] = 0.1
    predicted = np.zeros((3, 101))
    predicted[0, 34] = 1
    predicted[1, 25:35] = 0.1
    mixed = mix_with_predictions(
        labels, predicted, exact=np.array([True, False, True]), share_of_label=np.array([0.75, 0.5, 0.5])
    )
    assert mixed[0, [30, 34]] == pytest.approx([0.75, 0.25])
    assert mixed[1, [22, 27, 32]] == pytest.approx([0.05, 0.15, 0.0])
    assert mixed[2, 30] == 1


def test_the_keras_network_has_the_outputs_of_the_pytorch_network():
    torch.manual_seed(0)
    network = AgeNetwork().eval()
    with torch.no_grad():
        network.bn.running_mean.uniform_(-1, 1)
        network.bn.running_var.uniform_(0.5, 2)
        network.bn.bias.uniform_(-1, 1)
    views = np.random.default_rng(0).integers(0, 256, (3, 150, 150, 3), dtype=np.uint8)
    found = largest_differences(network, transfer(network, side=150), views)
    assert max(found.values()) < 1e-3


def test_a_tilt_of_the_logits_is_that_of_the_distribution():
    logits = np.random.default_rng(0).normal(0, 3, (4, 101))
    plain = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    moved = np.exp(logits + log_odds(0.03)) / np.exp(logits + log_odds(0.03)).sum(1, keepdims=True)
    np.testing.assert_allclose(tilted(plain, 0.03), moved)
    assert (moved @ AGES < plain @ AGES).all()
    assert moved[0, 70] / moved[0, 50] == pytest.approx(plain[0, 70] / plain[0, 50])  # constant beyond 40 years


def test_the_strongest_affordable_tilt_is_chosen():
    wide = distribution(18.0, 38.0)[None]
    tilt, errors = choose_tilt(np.repeat(wide, 2, axis=0), np.array([28.0, 28.0]), max_cost=0.5)
    assert errors[0.0] == pytest.approx(0, abs=0.1)
    assert 0 < tilt < max(errors)
    assert errors[tilt] <= errors[0.0] + 0.5 < errors[round(tilt + 0.001, 3)]
