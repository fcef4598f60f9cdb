"""Garbage collection between trials."""

import gc

from agelens.tuning.model_factory import fast_garbage_collection


def test_only_objects_created_inside_the_block_are_collected():
    with fast_garbage_collection():
        assert gc.get_freeze_count() > 0
        ring: list[object] = []
        ring.append(ring)
        del ring
        assert gc.collect() > 0
    assert gc.get_freeze_count() == 0
