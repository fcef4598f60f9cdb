"""Garbage collection between trials, and warnings of TensorFlow about their models."""

import contextlib
import gc
import logging

import pytest
import tensorflow as tf

from agelens.tuning.model_factory import fast_garbage_collection, hidden_retracing_warnings


def test_only_objects_created_inside_the_block_are_collected():
    with fast_garbage_collection():
        assert gc.get_freeze_count() > 0
        ring: list[object] = []
        ring.append(ring)
        del ring
        assert gc.collect() > 0
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize(("block", "expected"), [(contextlib.nullcontext, True), (hidden_retracing_warnings, False)])
def test_only_warnings_about_retracing_are_hidden(caplog, monkeypatch, block, expected):
    monkeypatch.setattr(logging.getLogger("tensorflow"), "propagate", True)
    retraced = tf.function(lambda value: value)
    with caplog.at_level(logging.WARNING, logger="tensorflow"), block():
        for value in range(8):  # each Python number is traced
            retraced(value)
        logging.getLogger("tensorflow").warning("another warning")
    messages = [record.getMessage() for record in caplog.records]
    assert "another warning" in messages
    assert any("retracing" in message for message in messages) is expected
