"""Pictures that a model has learned from are known again, and others are not."""

import numpy as np

from agelens.data_prep.core.images import jpeg_round_trip, write_jpeg
from agelens.models.serving.training_hashes import DIGITS, picture_hash, read_seen, write_seen
from tests.models.small_networks import noise_crops

CROPS = noise_crops(40, size=64)


def test_hashes_are_short_and_differ():
    hashes = [picture_hash(crop) for crop in CROPS]
    assert {len(one) for one in hashes} == {DIGITS}
    assert len(set(hashes)) == 40


def test_a_picture_that_was_saved_anew_is_known_and_a_mirrored_one_is_not():
    stored = [jpeg_round_trip(crop) for crop in CROPS]
    again = [jpeg_round_trip(crop) for crop in stored]
    known = [picture_hash(a) == picture_hash(b) for a, b in zip(stored, again, strict=True)]
    assert np.mean(known) > 0.9
    assert picture_hash(stored[0][:, ::-1]) != picture_hash(stored[0])


def test_what_was_written_is_read(tmp_path):
    paths = [tmp_path / f"{number}.jpg" for number in range(4)]
    for path, crop in zip(paths, [*CROPS[:3], CROPS[0]], strict=True):
        write_jpeg(path, crop)
    assert write_seen(tmp_path, paths) == 3
    assert read_seen(tmp_path) == {picture_hash(jpeg_round_trip(crop)) for crop in CROPS[:3]}


def test_an_older_model_has_none(tmp_path):
    assert read_seen(tmp_path) == frozenset()
