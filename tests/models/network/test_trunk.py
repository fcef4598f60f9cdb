"""Trunk and top are together the same network, and training the top trains it."""

import keras
import numpy as np
import pytest
from keras import layers

from agelens.models.network.age_net import backbone_of, build_age_net
from agelens.models.network.backbones import BACKBONES, build_backbone, unfreeze
from agelens.models.network.heads import HeadConfig, build_head
from agelens.models.network.trunk import build_trunk_and_top
from agelens.models.training.objective import Objective, compile_model
from tests.models.small_networks import GROUPS, SIZE, noise_crops


def build_cut(backbone, first):
    head = build_head(
        HeadConfig(units=8, dropout=0.0, age_head="linear"), features=backbone.output_shape[-1], groups=GROUPS
    )
    network = build_age_net(backbone, head)
    unfreeze(backbone, first)
    return network, *build_trunk_and_top(network)


def build_residual():
    """A network in which the layers `inside` lie beside a path that leads around them."""
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.Conv2D(4, 3, name="before")(image)
    inside = layers.Conv2D(4, 3, padding="same", name="inside1")(x)
    inside = layers.Conv2D(4, 3, padding="same", name="inside2")(inside)
    x = layers.Add(name="add")([x, inside])
    return keras.Model(image, layers.Conv2D(4, 3, name="after")(x), name="residual")


def assert_same(network, trunk, top):
    crops = noise_crops(4, size=network.input_shape[1])
    whole, parts = network(crops), top(trunk(crops))
    assert whole.keys() == parts.keys()
    for name, expected in whole.items():
        np.testing.assert_allclose(np.asarray(parts[name]), np.asarray(expected), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKBONES)
def test_trunk_then_top_is_the_whole_network(name):
    size = 104 if name == "dlib_resnet29" else SIZE  # it needs larger views
    backbone = build_backbone(name, input_shape=(size, size, 3), weights="none")
    network, trunk, top = build_cut(backbone, BACKBONES[name].unfreeze)
    assert_same(network, trunk, top)
    assert trunk.trainable_weights == []
    assert {id(weight) for weight in top.trainable_weights} == {id(weight) for weight in network.trainable_weights}


@pytest.mark.parametrize(
    ("first", "cut"), [("inside1", "before"), ("inside2", "before"), ("after", "add"), ("before", "image")]
)
def test_the_cut_is_where_a_single_tensor_connects_both_parts(first, cut):
    backbone = build_residual()
    network, trunk, top = build_cut(backbone, first)
    assert trunk.output_shape == backbone.get_layer(cut).output.shape
    assert_same(network, trunk, top)


def test_with_everything_frozen_the_trunk_is_the_whole_backbone():
    backbone = build_residual()
    network, trunk, top = build_cut(backbone, 0)
    assert trunk.output_shape == backbone.output_shape
    assert_same(network, trunk, top)


def test_training_the_top_trains_the_network():
    network, trunk, top = build_cut(build_residual(), "after")
    frozen = trunk.get_weights()
    compile_model(top, Objective(), optimizer=keras.optimizers.SGD(0.1))
    top.fit(np.asarray(trunk(noise_crops(4))), {"age": np.full((4, 2), 90.0), "age_group": np.full(4, 4.0)}, verbose=0)
    assert_same(network, trunk, top)
    for before, after in zip(frozen, trunk.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    kernel = backbone_of(network).get_layer("after").kernel
    assert id(kernel) in {id(weight) for weight in top.trainable_weights}
