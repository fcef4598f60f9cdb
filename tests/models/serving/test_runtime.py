"""OpenVINO networks have the outputs of the Keras network; damaged files are rejected."""

import shutil

import numpy as np
import pytest

from agelens.data_prep.core.errors import WeightsError
from agelens.models.serving.runtime import FULL_BYTES, OpenVinoNetwork, convert_network, write_network
from tests.models.small_networks import GROUPS, SIZE, build_tiny_age_net, noise_crops

CROPS = noise_crops(5)


@pytest.fixture(scope="module")
def age_net():
    return build_tiny_age_net()


@pytest.fixture(scope="module")
def written(age_net, tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "deep" / "age_net.xml"
    write_network(path, convert_network(age_net))
    return path


@pytest.fixture(scope="module")
def network(written):
    return OpenVinoNetwork(written)


def test_outputs_equal_those_of_the_keras_network(age_net):
    outputs = OpenVinoNetwork(convert_network(age_net))(CROPS)
    expected = age_net(CROPS)
    assert outputs.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(outputs[name], values, atol=1e-3 if name == "age" else 1e-5)


def test_a_written_network_differs_by_the_half_precision_of_its_weights(network, age_net):
    outputs = network(CROPS)
    np.testing.assert_allclose(outputs["age"], age_net(CROPS)["age"], atol=0.05)
    assert {name: value.shape for name, value in outputs.items()} == {
        "age": (5, 1),
        "age_group": (5, GROUPS),
        "age_distribution": (5, 101),
    }
    assert all(value.dtype == np.float32 for value in outputs.values())


def test_input_size_is_the_side_of_the_crops(network):
    assert network.input_size == SIZE


def test_outputs_do_not_depend_on_the_batch(network):
    whole = network(CROPS)["age"]
    single = np.concatenate([network(CROPS[i : i + 1])["age"] for i in range(5)])
    np.testing.assert_allclose(single, whole, atol=1e-4)


def test_outputs_are_not_overwritten_by_the_next_call(network):
    first = network(CROPS[:1])["age"]
    kept = first.copy()
    second = network(CROPS[1:2])["age"]
    assert second != kept
    np.testing.assert_array_equal(first, kept)


def test_batches_come_back_in_order(network):
    batches = [CROPS[:2], CROPS[2:5]]
    outputs = list(network.run(batches))
    assert [len(output["age"]) for output in outputs] == [2, 3]
    np.testing.assert_allclose(np.concatenate([output["age"] for output in outputs]), network(CROPS)["age"], atol=1e-4)


def test_a_missing_file_names_the_command_that_writes_it(tmp_path):
    with pytest.raises(WeightsError, match=r"no exported network at .*absent\.xml\. Run `dvc repro export`"):
        OpenVinoNetwork(tmp_path / "absent.xml")


def test_a_damaged_file_is_rejected(written, tmp_path):
    path = tmp_path / "age_net.xml"
    path.write_bytes(written.read_bytes()[:500])
    with pytest.raises(WeightsError, match="cannot be read as an OpenVINO network"):
        OpenVinoNetwork(path)


def test_a_network_without_its_weights_is_rejected(written, tmp_path):
    path = tmp_path / "age_net.xml"
    path.write_bytes(written.read_bytes())
    with pytest.raises(WeightsError, match="cannot be read as an OpenVINO network"):
        OpenVinoNetwork(path)


def test_many_batches_at_a_time_keep_their_order(age_net, network):
    batches = [CROPS[i % 5 : i % 5 + 1] for i in range(23)]
    many = OpenVinoNetwork(convert_network(age_net), many=True)
    for outputs, batch in zip(many.run(batches), batches, strict=True):
        np.testing.assert_allclose(outputs["age"], network(batch)["age"], rtol=1e-3)


def test_bfloat16_is_close_to_float32(age_net, network):
    half = OpenVinoNetwork(convert_network(age_net), precision="bfloat16")(CROPS)["age"]
    np.testing.assert_allclose(half, network(CROPS)["age"], rtol=0.05)


@pytest.mark.parametrize(("free", "kind"), [(0, OSError), (FULL_BYTES + 1000, OSError), (1 << 30, RuntimeError)])
def test_openvino_does_not_hide_a_full_disk(age_net, tmp_path, monkeypatch, free, kind):
    def fail(*_: object, **__: object) -> None:
        msg = "basic_ios::clear: iostream error"
        raise RuntimeError(msg)

    monkeypatch.setattr("openvino.save_model", fail)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1 << 31, 0, free))
    with pytest.raises(kind) as caught:
        write_network(tmp_path / "age_net.xml", convert_network(age_net))
    assert getattr(caught.value, "filename", None) == (str(tmp_path / "age_net.xml") if kind is OSError else None)
