"""A faster way to mirror images inside an OpenVINO graph, with the same pixels.

Keras's `flip` becomes ReverseSequence, which OpenVINO computes without vector instructions: a third of the time of the
bundled age network, which sees each face and its mirror image.
"""

from typing import Any

import numpy as np


def replace_reversals(graph: Any) -> int:
    """Replace in place each reversal of a whole axis by a Gather and return how many there were.

    Reversals of only a part of the axis stay as they are.
    """
    import openvino.opset13 as ops  # noqa: PLC0415  `agelens --help` should not import it

    found = [node for node in graph.get_ordered_ops() if _reverses_all(node)]
    for node in found:
        axis = node.get_attributes()["seq_axis"]
        length = node.get_input_partial_shape(0)[axis].get_length()
        backwards = np.arange(length - 1, -1, -1, dtype=np.int32)
        mirrored = ops.gather(node.input_value(0), backwards, np.int32(axis))
        for target in node.output(0).get_target_inputs():
            target.replace_source_output(mirrored.output(0))
    graph.validate_nodes_and_infer_types()
    return len(found)


def _reverses_all(node: Any) -> bool:
    """Return whether a node reverses a whole axis: the lengths are those of this axis in the shape of an image."""
    if node.get_type_name() != "ReverseSequence":
        return False
    reversed_side = node.get_input_partial_shape(0)[node.get_attributes()["seq_axis"]]
    lengths = node.input_value(1).get_node()
    if lengths.get_type_name() != "Broadcast":
        return False
    gather = lengths.input_value(0).get_node()
    if gather.get_type_name() != "Gather":
        return False
    shape, place = gather.input_value(0).get_node(), gather.input_value(1).get_node()
    if (shape.get_type_name(), place.get_type_name()) != ("ShapeOf", "Constant"):
        return False
    side = shape.get_input_partial_shape(0)[int(place.get_data().item())]
    return bool(side.is_static and reversed_side.is_static and side.get_length() == reversed_side.get_length())
