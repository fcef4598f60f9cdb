"""Heads: outputs, settings, and trainable layers."""

import numpy as np
import pytest

from agelens.models.network.heads import HeadConfig, build_head

FEATURES = np.random.default_rng(1).normal(size=(3, 12)).astype(np.float32)


def outputs_of(head):
    return {name: np.asarray(value) for name, value in head(FEATURES).items()}


@pytest.mark.parametrize(
    ("age_head", "shapes"),
    [
        ("linear", {"age_group": (3, 8), "age": (3, 1)}),
        ("distribution", {"age_group": (3, 8), "age": (3, 1), "age_distribution": (3, 101)}),
    ],
)
def test_outputs_have_names_and_shapes(age_head, shapes):
    head = build_head(HeadConfig(units=6, age_head=age_head), features=12, groups=8)
    outputs = outputs_of(head)
    assert {name: value.shape for name, value in outputs.items()} == shapes
    assert {head.get_layer(name).name for name in shapes} == set(shapes)
    np.testing.assert_allclose(outputs["age_group"].sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("age_head", ["linear", "distribution"])
def test_attributes_are_additional_outputs(age_head):
    plain = outputs_of(build_head(HeadConfig(units=6, age_head=age_head), features=12, groups=5))
    config = HeadConfig(units=6, age_head=age_head, attributes=("gender", "ethnicity"))
    outputs = outputs_of(build_head(config, features=12, groups=5))
    assert outputs.keys() - plain.keys() == {"gender", "ethnicity"}
    assert (outputs["gender"].shape, outputs["ethnicity"].shape) == ((3, 2), (3, 5))
    np.testing.assert_allclose(outputs["gender"].sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(outputs["ethnicity"].sum(axis=1), 1, rtol=1e-5)


def test_the_age_is_the_mean_of_the_distribution():
    outputs = outputs_of(build_head(HeadConfig(units=6), features=12, groups=5))
    np.testing.assert_allclose(outputs["age_distribution"].sum(axis=1), 1, rtol=1e-5)
    expected = outputs["age_distribution"].astype(np.float64) @ np.arange(101)
    np.testing.assert_allclose(outputs["age"][:, 0], expected, rtol=1e-5)


def test_the_layer_of_the_mean_is_not_trainable():
    head = build_head(HeadConfig(units=6), features=12, groups=5)
    assert not head.get_layer("age").trainable_weights
    assert len(head.trainable_weights) == 6  # kernel and bias of dense, age_group and age_distribution


def test_an_untrained_linear_head_predicts_about_the_start_age():
    head = build_head(HeadConfig(units=6, age_head="linear"), features=12, groups=5, start_age=41.0)
    zeros = np.zeros((1, 12), dtype=np.float32)
    assert np.asarray(head(zeros)["age"]).item() == pytest.approx(41)
    assert len(head.trainable_weights) == 6


def test_settings_reach_their_layers():
    config = HeadConfig(units=7, dropout=0.4, activation="gelu")
    head = build_head(config, features=12, groups=5)
    dense = head.get_layer("dense").get_config()
    assert (dense["units"], dense["activation"]) == (7, "gelu")
    assert head.get_layer("dropout").rate == pytest.approx(0.4)


def test_a_head_has_a_second_layer_if_it_has_units():
    head = build_head(HeadConfig(units=7, second_units=3, dropout=0.4, activation="gelu"), features=12, groups=5)
    dense = head.get_layer("second_dense").get_config()
    assert (dense["units"], dense["activation"]) == (3, "gelu")
    assert head.get_layer("second_dropout").rate == pytest.approx(0.4)
    assert head.get_layer("age_distribution").kernel.shape == (3, 101)
    assert "second_dense" not in {layer.name for layer in build_head(HeadConfig(), features=12, groups=5).layers}


def test_dropout_acts_only_in_training():
    head = build_head(HeadConfig(units=64, dropout=0.5), features=12, groups=5)
    still = [np.asarray(head(FEATURES, training=False)["age"]) for _ in range(2)]
    dropped = [np.asarray(head(FEATURES, training=True)["age"]) for _ in range(2)]
    np.testing.assert_array_equal(*still)
    assert (dropped[0] != dropped[1]).any()
