"""The whole network: its parts have the same outputs, and a saved network is the same network."""

import keras
import numpy as np
import pytest

from agelens.models.network.age_net import (
    average_with_mirror_image,
    backbone_of,
    build_age_net,
    build_feature_net,
    head_of,
)
from agelens.models.network.backbones import build_backbone, unfreeze
from agelens.models.network.heads import HeadConfig, build_head
from agelens.models.training.objective import Objective, compile_model
from tests.models.small_networks import GROUPS, SIZE, build_tiny_age_net, noise_crops

CROPS = noise_crops(4)


def outputs_of(network, batch):
    return {name: np.asarray(value) for name, value in network(batch).items()}


def assert_same(first, second, *, atol=0.0):
    assert first.keys() == second.keys()
    for name, values in first.items():
        np.testing.assert_allclose(values, second[name], atol=atol, rtol=0)


@pytest.fixture(scope="module")
def age_net():
    return build_tiny_age_net()


def test_inputs_are_uint8_crops_and_outputs_have_names(age_net):
    outputs = outputs_of(age_net, CROPS)
    shapes = {name: value.shape for name, value in outputs.items()}
    assert shapes == {"age_group": (4, GROUPS), "age": (4, 1), "age_distribution": (4, 101)}
    assert keras.backend.standardize_dtype(age_net.input.dtype) == "uint8"
    assert len(np.unique(outputs["age"])) == 4


def test_the_head_on_features_equals_the_whole_network(age_net):
    features = np.asarray(build_feature_net(backbone_of(age_net))(CROPS))
    assert_same(outputs_of(head_of(age_net), features), outputs_of(age_net, CROPS), atol=1e-6)


def test_average_with_mirror_image_is_the_mean_of_both_outputs(age_net):
    one, other = outputs_of(age_net, CROPS), outputs_of(age_net, CROPS[:, :, ::-1])
    mean = {name: (one[name] + other[name]) / 2 for name in one}
    assert_same(outputs_of(average_with_mirror_image(age_net), CROPS), mean, atol=1e-5)
    assert np.abs(one["age"] - other["age"]).max() > 0.01


def test_backbone_and_head_are_found_in_the_network():
    backbone = build_backbone("tiny", input_shape=(SIZE, SIZE, 3), weights="none")
    head = build_head(HeadConfig(units=4), features=32, groups=GROUPS)
    network = build_age_net(backbone, head)
    assert backbone_of(network) is backbone
    assert head_of(network) is head


@pytest.mark.parametrize("age_head", ["linear", "distribution"])
def test_a_trained_network_is_saved_and_loaded_unchanged(age_head, tmp_path):
    network = build_tiny_age_net(age_head=age_head)
    unfreeze(backbone_of(network), "block3_conv")
    compile_model(network, Objective(age_loss="huber"), optimizer="adam")
    ages = np.array([[20, 20], [20, 40], [60, 60], [5, 5]], dtype=np.float32)
    targets = {"age": ages, "age_distribution": ages, "age_group": np.array([1, -1, 3, 0], dtype=np.float32)}
    network.fit(CROPS, {name: targets[name] for name in network.output}, verbose=0)
    network.save(tmp_path / "age_net.keras")
    again = keras.models.load_model(tmp_path / "age_net.keras")
    assert_same(outputs_of(again, CROPS), outputs_of(network, CROPS))
    assert backbone_of(again).name == "tiny"
    assert [weight.path for weight in again.trainable_weights] == [weight.path for weight in network.trainable_weights]


@pytest.mark.parametrize("name", ["efficientnet_b0", "resnet50"])
def test_the_normalisation_of_a_backbone_is_saved_with_it(name, tmp_path):
    backbone = build_backbone(name, input_shape=(SIZE, SIZE, 3), weights="none")
    network = build_age_net(backbone, build_head(HeadConfig(units=4), features=backbone.output_shape[-1], groups=2))
    network.save(tmp_path / "age_net.keras")
    again = keras.models.load_model(tmp_path / "age_net.keras")

    def normalised(whole):
        inner = backbone_of(whole)
        first = next(layer for layer in inner.layers if isinstance(layer, keras.layers.Normalization))
        return np.asarray(keras.Model(inner.input, first.output)(CROPS.astype(np.float32)))

    np.testing.assert_array_equal(normalised(again), normalised(network))
    assert_same(outputs_of(again, CROPS), outputs_of(network, CROPS))
