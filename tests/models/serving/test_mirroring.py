"""Whole reversals become Gather with equal outputs; others stay."""

import numpy as np
import openvino as ov
import openvino.opset13 as ops
import pytest

from agelens.models.network.age_net import average_with_mirror_image
from agelens.models.serving.mirroring import replace_reversals
from agelens.models.serving.runtime import OpenVinoNetwork, convert_network, write_network
from agelens.weights.defaults import AGE_MODEL
from tests.models.small_networks import build_tiny_age_net, noise_crops


def kinds(graph):
    return [node.get_type_name() for node in graph.get_ordered_ops()]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("mirrored") / "age_net.xml"
    write_network(path, convert_network(average_with_mirror_image(build_tiny_age_net())))
    return path


def test_outputs_do_not_change(written):
    graph, crops = ov.Core().read_model(written), noise_crops(3)
    plain = OpenVinoNetwork(graph.clone())(crops)
    assert "ReverseSequence" in kinds(graph)
    assert replace_reversals(graph) == 1
    assert "ReverseSequence" not in kinds(graph)
    for name, values in OpenVinoNetwork(graph)(crops).items():
        np.testing.assert_array_equal(values, plain[name])


def test_a_network_that_is_read_has_no_reversals(written, monkeypatch):
    seen = []
    monkeypatch.setattr("agelens.models.serving.runtime._start_network", lambda graph, *_: seen.append(graph))
    OpenVinoNetwork(written)
    assert "ReverseSequence" not in kinds(seen[0])


def test_the_bundled_network_has_a_reversal_that_is_replaced():
    assert replace_reversals(ov.Core().read_model(AGE_MODEL / "age_net.xml")) == 1


def test_a_reversal_of_a_part_stays():
    image = ops.parameter([2, 3], np.float32, name="image")
    reversed_part = ops.reverse_sequence(image, ops.constant(np.array([2, 3])), 0, 1)
    graph = ov.Model([reversed_part], [image], "part")
    assert replace_reversals(graph) == 0
    assert "ReverseSequence" in kinds(graph)


def test_a_reversal_by_the_length_of_another_axis_stays():
    image = ops.parameter([2, 5, 3], np.float32, name="image")
    length = ops.gather(ops.shape_of(image, "i32"), np.array([2], dtype=np.int32), np.int32(0))
    lengths = ops.broadcast(length, np.array([2]))
    graph = ov.Model([ops.reverse_sequence(image, lengths, 0, 1)], [image], "other")
    assert replace_reversals(graph) == 0
