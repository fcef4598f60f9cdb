"""Errors about crops that cannot be decoded name them."""

import pytest
import tensorflow as tf

from agelens.data_prep.batches.damaged_crops import naming_damaged_crops
from agelens.data_prep.batches.dataset import make_dataset
from agelens.data_prep.batches.framed_crop import FramedCrop
from agelens.data_prep.core.errors import ImageError
from agelens.data_prep.core.images import write_jpeg
from tests.damage import DAMAGES
from tests.models.small_networks import SIZE, noise_crops


@pytest.fixture
def crops(tmp_path):
    files = [tmp_path / f"{index}.jpg" for index in range(3)]
    for file, image in zip(files, noise_crops(3), strict=True):
        write_jpeg(file, image)
    return [FramedCrop(file) for file in files]


def read(crops):
    with naming_damaged_crops(crops):
        return list(make_dataset(crops, {}, size=SIZE, batch_size=2).as_numpy_iterator())


@pytest.mark.parametrize("name", ["empty", "cut", "other type"])
def test_the_damaged_crop_is_named(crops, name):
    path = crops[1].path
    path.write_bytes(DAMAGES[name](path.read_bytes()))
    with pytest.raises(ImageError) as caught:
        read(crops)
    assert (caught.value.path, caught.value.reason) == (path, "truncated")


def test_a_missing_crop_is_named(crops):
    crops[2].path.unlink()
    with pytest.raises(ImageError) as caught:
        read(crops)
    assert caught.value.path == crops[2].path


def test_errors_about_anything_else_stay(crops):
    with pytest.raises(tf.errors.InvalidArgumentError), naming_damaged_crops(crops):
        tf.reshape(tf.zeros(3), (2, 2))
    assert len(read(crops)) == 2
