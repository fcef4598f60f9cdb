"""A folded network has the same outputs and gradients as the network."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from agelens.models.network.age_net import backbone_of
from agelens.models.network.backbones import BACKBONES, build_backbone, unfreeze
from agelens.models.network.batch_norm_folding import FoldedConv, fold_age_net, fold_batch_norms
from agelens.models.network.trunk import build_trunk_and_top
from agelens.models.training.objective import Objective, compile_model
from tests.models.small_networks import SIZE, build_tiny_age_net, noise_crops

CROPS = noise_crops(4)


def folded_layers(network):
    return {layer.name for layer in network.layers if isinstance(layer, FoldedConv)}


def unsettle(backbone, *, seed=0):
    """Give BatchNormalization statistics as after a training; fresh ones would hide what folding gets wrong."""
    rng = np.random.default_rng(seed)
    for layer in backbone.layers:
        if isinstance(layer, layers.BatchNormalization):
            ranges = [(0.8, 1.2), (-0.1, 0.1), (-0.1, 0.1), (0.8, 1.2)]
            shapes = [value.shape for value in layer.get_weights()]
            layer.set_weights([rng.uniform(*limits, shape) for limits, shape in zip(ranges, shapes, strict=True)])


def gradients(network, weights):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(network(CROPS.astype("float32"))))
    return [np.asarray(gradient) for gradient in tape.gradient(loss, weights)]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in BACKBONES if name != "dlib_resnet29"])  # it has no norms
def test_folding_keeps_outputs_and_gradients(name):
    backbone = build_backbone(name, input_shape=(SIZE, SIZE, 3), weights="none")
    unsettle(backbone)
    unfreeze(backbone, BACKBONES[name].unfreeze)
    folded = fold_batch_norms(backbone)
    norms = sum(isinstance(layer, layers.BatchNormalization) for layer in backbone.layers)
    assert len(folded_layers(folded)) == norms
    np.testing.assert_allclose(np.asarray(folded(CROPS)), np.asarray(backbone(CROPS)), rtol=1e-3, atol=1e-4)
    weights = [weight.value for weight in backbone.trainable_weights]
    assert {id(weight) for weight in folded.trainable_weights} == {id(weight) for weight in backbone.trainable_weights}
    for ours, theirs in zip(gradients(folded, weights), gradients(backbone, weights), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0.02, atol=1e-3 * np.abs(theirs).max())


def test_training_a_folded_network_trains_the_network():
    network = build_tiny_age_net(dropout=0.0)
    unfreeze(backbone_of(network), "block2")
    folded = fold_age_net(network)
    before = network.get_weights()
    compile_model(folded, Objective(), optimizer=keras.optimizers.SGD(0.01))
    targets = {"age": np.full((4, 2), 90.0), "age_group": np.full(4, 4.0)}
    targets["age_distribution"] = targets["age"]
    folded.fit(CROPS, targets, verbose=0)
    changed = {
        weight.path
        for weight, old in zip(network.weights, before, strict=True)
        if not np.array_equal(np.asarray(weight), old)
    }
    assert {path for path in changed if "block" in path} == {"block2_conv/kernel", "block3_conv/kernel"}
    np.testing.assert_allclose(np.asarray(folded(CROPS)["age"]), np.asarray(network(CROPS)["age"]), atol=1e-4)


def test_a_folded_network_has_the_same_trunk_and_top():
    network = build_tiny_age_net(dropout=0.0)
    unfreeze(backbone_of(network), "block3")
    trunk, top = build_trunk_and_top(fold_age_net(network))
    assert trunk.output_shape == build_trunk_and_top(network)[0].output_shape
    np.testing.assert_allclose(np.asarray(top(trunk(CROPS))["age"]), np.asarray(network(CROPS)["age"]), atol=1e-4)


def build_odd(**conv):
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.Conv2D(4, 3, name="one", **{"use_bias": False, **conv})(image)
    y = layers.BatchNormalization(name="one_bn")(x)
    return image, x, y


@pytest.mark.parametrize("conv", [{"activation": "relu"}, {"dilation_rate": 2}, {"dtype": "mixed_bfloat16"}])
def test_other_convolutions_are_not_folded(conv):
    image, _, y = build_odd(**conv)
    backbone = keras.Model(image, y)
    unfreeze(backbone, 0)
    assert not folded_layers(fold_batch_norms(backbone))


def test_a_bias_is_folded_too():
    image, _, y = build_odd(use_bias=True, bias_initializer="random_normal")
    backbone = keras.Model(image, y)
    unsettle(backbone)
    unfreeze(backbone, 0)
    assert folded_layers(fold_batch_norms(backbone)) == {"one_folded"}
    np.testing.assert_allclose(
        np.asarray(fold_batch_norms(backbone)(CROPS)), np.asarray(backbone(CROPS)), rtol=1e-4, atol=1e-3
    )


def test_a_convolution_with_another_consumer_is_not_folded():
    image, x, y = build_odd()
    backbone = keras.Model(image, layers.Add()([x, y]))
    unfreeze(backbone, 0)
    assert not folded_layers(fold_batch_norms(backbone))
    np.testing.assert_array_equal(np.asarray(fold_batch_norms(backbone)(CROPS)), np.asarray(backbone(CROPS)))


def test_a_trainable_norm_is_not_folded():
    image, _, y = build_odd()
    backbone = keras.Model(image, y)
    assert not folded_layers(fold_batch_norms(backbone))
    unfreeze(backbone, 0)
    assert folded_layers(fold_batch_norms(backbone)) == {"one_folded"}
