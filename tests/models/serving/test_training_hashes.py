"""Training images are recognised by their hashes, and others are not."""

import numpy as np

from agelens.data_prep.core.images import jpeg_round_trip, write_jpeg
from agelens.models.serving.training_hashes import HASH_DIGITS, crop_hash, read_training_hashes, write_training_hashes
from tests.models.small_networks import noise_crops

CROPS = noise_crops(40, size=64)


def test_hashes_are_short_and_differ():
    hashes = [crop_hash(crop) for crop in CROPS]
    assert {len(one) for one in hashes} == {HASH_DIGITS}
    assert len(set(hashes)) == 40


def test_a_crop_that_was_saved_again_is_recognised_and_a_mirrored_one_is_not():
    stored = [jpeg_round_trip(crop) for crop in CROPS]
    again = [jpeg_round_trip(crop) for crop in stored]
    known = [crop_hash(a) == crop_hash(b) for a, b in zip(stored, again, strict=True)]
    assert np.mean(known) > 0.9
    assert crop_hash(stored[0][:, ::-1]) != crop_hash(stored[0])


def test_written_hashes_are_read(tmp_path):
    paths = [tmp_path / f"{number}.jpg" for number in range(4)]
    for path, crop in zip(paths, [*CROPS[:3], CROPS[0]], strict=True):
        write_jpeg(path, crop)
    assert write_training_hashes(tmp_path, paths) == 3
    assert read_training_hashes(tmp_path) == {crop_hash(jpeg_round_trip(crop)) for crop in CROPS[:3]}


def test_a_model_without_hashes_has_none(tmp_path):
    assert read_training_hashes(tmp_path) == frozenset()


def test_the_file_name_of_older_versions_is_read(tmp_path):
    (tmp_path / "seen.txt").write_text("0123abcd\n")
    assert read_training_hashes(tmp_path) == {"0123abcd"}
