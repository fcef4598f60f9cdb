"""What a candidate's training needs beside its settings."""

import gc

from agelens.tuning.candidates import quick_collection


def test_what_was_there_is_not_searched_for_garbage_and_what_is_made_then_is():
    with quick_collection():
        assert gc.get_freeze_count() > 0
        ring: list[object] = []
        ring.append(ring)
        del ring
        assert gc.collect() > 0
    assert gc.get_freeze_count() == 0
