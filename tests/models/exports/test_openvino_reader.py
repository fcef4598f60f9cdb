"""The network of an exported model is rebuilt in Keras with the same outputs."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from agelens.data_prep.core.errors import WeightsError
from agelens.models.exports.openvino_reader import read_openvino_network
from agelens.models.network.age_net import average_with_mirror_image, build_age_net
from agelens.models.network.backbones import build_backbone
from agelens.models.network.heads import HeadConfig, build_head
from agelens.models.serving.runtime import OpenVinoNetwork, convert_network, write_network
from agelens.weights.defaults import AGE_MODEL
from tests.models.small_networks import build_tiny_age_net, noise_crops


def write(network: Any, folder: Path) -> Path:
    path = folder / "age_net.xml"
    write_network(path, convert_network(network))
    return path


def check(path: Path, *, size: int, mirrors: bool) -> Any:
    network, found = read_openvino_network(path)
    assert found is mirrors
    views = noise_crops(3, size=size + 8)[:, :size, :size]
    outputs, expected = network(views), OpenVinoNetwork(path)(views)
    assert outputs.keys() == expected.keys()
    for name, output in expected.items():
        np.testing.assert_allclose(outputs[name], output, atol=2e-3 if name == "age" else 2e-5)
    return network


@pytest.mark.parametrize("mirrors", [False, True])
def test_the_tiny_network(mirrors: bool, tmp_path: Path) -> None:
    age_net = build_tiny_age_net(attributes=("gender",))
    plain = age_net.count_params()
    network = check(
        write(average_with_mirror_image(age_net) if mirrors else age_net, tmp_path), size=32, mirrors=mirrors
    )
    # BatchNormalization is folded, and both copies of a mirrored network share their layers.
    assert 0.9 * plain < network.count_params() < plain


def test_depthwise_convolutions(tmp_path: Path) -> None:
    backbone = build_backbone("efficientnet_lite0", input_shape=(32, 32, 3), weights="none")
    head = build_head(HeadConfig(units=8), features=backbone.output_shape[-1], groups=5)
    check(write(build_age_net(backbone, head), tmp_path), size=32, mirrors=False)


def test_the_bundled_model() -> None:
    check(AGE_MODEL / "age_net.xml", size=180, mirrors=True)


def test_an_operation_of_no_exported_network_is_named(tmp_path: Path) -> None:
    image = keras.Input((8, 8, 3), dtype="uint8", name="image")
    network = keras.Model(image, {"age": keras.ops.erf(keras.ops.cast(image, "float32"))})
    path = write(network, tmp_path)
    with pytest.raises(WeightsError, match=r"has the operation Erf .* Export in the project that trained the model"):
        read_openvino_network(path)


def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "age_net.xml").write_text("<net")
    with pytest.raises(WeightsError, match="cannot be read as an OpenVINO network") as caught:
        read_openvino_network(tmp_path / "age_net.xml")
    assert "\n" not in str(caught.value)
