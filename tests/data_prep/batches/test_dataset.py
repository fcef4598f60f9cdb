"""Datasets: rows and views of each batch, with their targets and weights."""

import zlib
from collections import Counter
from itertools import islice
from typing import Any

import numpy as np
import pytest

from agelens.data_prep.batches.augment import Augmentation, augment_view
from agelens.data_prep.batches.dataset import (
    check_pixels,
    check_steps,
    make_dataset,
    make_feature_dataset,
    make_plain_feature_dataset,
    make_training_dataset,
    make_view_dataset,
)
from agelens.data_prep.batches.framed_crop import FramedCrop
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.images import read_rgb, write_jpeg
from agelens.data_prep.faces.alignment import scale_whole
from tests.factories import targets_for

SIZE = 32
FLIPS = Augmentation(shift=0.0, zoom=0.0, rotation_degrees=0.0, brightness=0.0, contrast=0.0, saturation=0.0)


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    """Five crops; crop i has grey level 40 i + 20 and a darker left half."""
    folder = tmp_path_factory.mktemp("crops")
    paths = []
    for index in range(5):
        image = np.full((SIZE, SIZE, 3), 40 * index + 20, dtype=np.uint8)
        image[:, : SIZE // 2] -= 16
        paths.append(folder / f"face_{index}.jpg")
        write_jpeg(paths[-1], image)
    return [FramedCrop(path) for path in paths]


def index_of(image):
    """Return the number of the crop in an image, mirrored or not."""
    return round((float(image.mean()) - 12) / 40)


def test_validation_reads_every_crop_once_in_order_and_unchanged(crops):
    batches = list(make_dataset(crops, targets_for(5), size=SIZE, batch_size=2).as_numpy_iterator())
    assert [len(images) for images, _, _ in batches] == [2, 2, 1]
    images = np.concatenate([images for images, _, _ in batches])
    assert images.dtype == np.uint8
    for image, crop in zip(images, crops, strict=True):
        assert np.abs(image.astype(int) - read_rgb(crop.path)).max() <= 1
    targets = np.concatenate([targets["age"] for _, targets, _ in batches])
    np.testing.assert_array_equal(targets, targets_for(5)["age"])
    assert all((weights["age"] == 1).all() and (weights["age_group"] == 1).all() for _, _, weights in batches)


def test_weights_belong_to_their_rows(crops):
    weights = {"age": np.linspace(0.5, 1.5, 5), "age_group": np.ones(5)}
    dataset = make_dataset(crops, targets_for(5), size=SIZE, batch_size=5, weights=weights)
    _, _, given = next(dataset.as_numpy_iterator())
    np.testing.assert_array_equal(given["age"], weights["age"])


def test_prediction_needs_no_targets(crops):
    images, targets, weights = next(make_dataset(crops, {}, size=SIZE, batch_size=5).as_numpy_iterator())
    assert images.shape == (5, SIZE, SIZE, 3)
    assert (targets, weights) == ({}, {})


@pytest.fixture(scope="module")
def make_training(crops):
    """Return a function that lists (crop, age, age group, weight, mirrored) of a number of training batches."""

    def listed(batches, **options):
        given = {
            "weights": {"age": np.arange(5.0), "age_group": np.ones(5)},
            "copies": np.array([1, 1, 1, 1, 4]),
            "batch_size": 4,
            "augmentation": FLIPS,
            "views": 4,
            "seed": 1,
            **options,
        }
        dataset, steps = make_training_dataset(crops, targets_for(5), size=SIZE, **given)
        rows = []
        for images, targets, weights in islice(dataset.as_numpy_iterator(), batches):
            mirrored = images[:, :, 0, 0] > images[:, :, -1, 0]
            rows += zip(
                map(index_of, images),
                targets["age"][:, 0].tolist(),
                targets["age_group"].tolist(),
                weights["age"].tolist(),
                mirrored[:, 0].tolist(),
                strict=True,
            )
        return rows, steps

    return listed


def test_training_is_endless_and_draws_each_row_by_its_copies(make_training):
    rows, steps = make_training(6)
    assert steps == 2
    for epoch in range(3):
        drawn = Counter(crop for crop, *_ in rows[epoch * 8 : epoch * 8 + 8])
        assert drawn == {0: 1, 1: 1, 2: 1, 3: 1, 4: 4}


def test_targets_and_weights_belong_to_their_image(make_training):
    rows, _ = make_training(6)
    assert all(age == crop and group == crop % 2 and weight == crop for crop, age, group, weight, _ in rows)
    assert {mirrored for *_, mirrored in rows} == {False, True}


def test_a_run_resumed_at_an_epoch_has_the_same_batches(make_training):
    whole, _ = make_training(4)
    resumed, _ = make_training(2, first_epoch=1)
    assert resumed == whole[8:]


def test_an_incomplete_last_batch_of_an_epoch_is_dropped(make_training):
    rows, steps = make_training(4, batch_size=3)
    assert steps == 2
    resumed, _ = make_training(2, batch_size=3, first_epoch=1)
    assert rows[6:] == resumed


def test_with_one_view_the_crops_are_unchanged(make_training):
    rows, _ = make_training(4, views=1)
    assert not any(mirrored for *_, mirrored in rows)


@pytest.mark.parametrize(("copies", "batch_size", "steps"), [([1, 1, 1], 3, 1), ([2, 5], 3, 2), ([1, 1], 1, 2)])
def test_an_epoch_has_its_complete_batches(copies, batch_size, steps):
    assert check_steps(np.array(copies), batch_size=batch_size) == steps


def test_an_epoch_of_less_than_one_batch_is_rejected(make_training):
    with pytest.raises(DataError, match=r"at least one batch of 9 draws\. Received: 8 draws"):
        make_training(1, batch_size=9)


def test_training_on_black_crops_is_rejected(tmp_path):
    path = tmp_path / "black.jpg"
    write_jpeg(path, np.zeros((SIZE, SIZE, 3), dtype=np.uint8))
    ones = np.ones(5, dtype=int)
    weights = {"age": np.ones(5), "age_group": np.ones(5)}
    with pytest.raises(DataError, match=r"uint8 pixels in 0\.\.255"):
        make_training_dataset(
            [FramedCrop(path)] * 5,
            targets_for(5),
            weights=weights,
            copies=ones,
            size=SIZE,
            batch_size=4,
            augmentation=FLIPS,
            views=4,
            seed=1,
        )


def images_of(paths, *, view, augmentation=FLIPS):
    options = {"size": SIZE, "batch_size": 2, "augmentation": augmentation, "seed": 1}
    return np.concatenate(list(make_view_dataset(paths, view=view, **options).as_numpy_iterator()))


def test_view_zero_gives_the_crops_in_order(crops):
    images = images_of(crops, view=0, augmentation=Augmentation())
    assert [index_of(image) for image in images] == [0, 1, 2, 3, 4]
    plain, _, _ = next(make_dataset(crops, {}, size=SIZE, batch_size=5).as_numpy_iterator())
    np.testing.assert_array_equal(images, plain)


def test_a_view_of_a_crop_does_not_depend_on_its_row(crops):
    whole = images_of(crops, view=3, augmentation=Augmentation())
    some = images_of([crops[3], crops[1]], view=3, augmentation=Augmentation())
    np.testing.assert_array_equal(some, whole[[3, 1]])


def test_training_and_cached_features_use_the_same_views(crops, make_training):
    rows, _ = make_training(2, copies=np.ones(5, dtype=int), batch_size=5)
    views = [images_of(crops, view=view) for view in (0, 1)]
    for epoch, images in enumerate(views):
        seen = {crop: mirrored for crop, *_, mirrored in rows[epoch * 5 : epoch * 5 + 5]}
        assert seen == {i: bool(image[0, 0, 0] > image[0, -1, 0]) for i, image in enumerate(images)}


def test_photographs_are_accepted_by_the_check_of_pixels():
    check_pixels(np.full((2, 8, 8, 3), 90, dtype=np.uint8))


@pytest.mark.parametrize(
    "images",
    [
        pytest.param(np.zeros((2, 8, 8, 3), dtype=np.uint8), id="black"),
        pytest.param(np.ones((2, 8, 8, 3), dtype=np.uint8), id="scaled to 0..1"),
        pytest.param(np.full((2, 8, 8, 3), 0.5, dtype=np.float32), id="float 0..1"),
        pytest.param(np.full((2, 8, 8, 3), 90.0, dtype=np.float32), id="float 0..255"),
        pytest.param(np.full((2, 8, 8, 3), 4, dtype=np.uint8), id="nearly black"),
    ],
)
def test_black_or_scaled_crops_are_rejected(images):
    with pytest.raises(DataError, match=r"uint8 pixels in 0\.\.255"):
        check_pixels(images)


def test_no_dataset_uses_autotuning(crops):
    features = np.zeros((5, 3), dtype=np.float16)
    weights = {"age": np.ones(5), "age_group": np.ones(5)}
    drawn: Any = {"weights": weights, "copies": np.ones(5, dtype=np.int64), "batch_size": 4, "seed": 1}
    viewed: Any = {"size": SIZE, "augmentation": FLIPS}
    datasets = [
        make_dataset(crops, targets_for(5), size=SIZE, batch_size=2),
        make_training_dataset(crops, targets_for(5), views=2, **drawn, **viewed)[0],
        make_view_dataset(crops, view=1, batch_size=2, seed=1, **viewed),
        make_feature_dataset([features], targets_for(5), **drawn)[0],
        make_plain_feature_dataset(features, targets_for(5), batch_size=2),
    ]
    assert [dataset.options().autotune.enabled for dataset in datasets] == [False] * 5


def test_views_depend_on_the_names_of_files(crops):
    options = {"augmentation": Augmentation(), "seed": 5}
    (batch,) = make_view_dataset(crops, view=2, size=SIZE, batch_size=5, **options)
    for crop, view in zip(crops, batch.numpy(), strict=True):
        number = zlib.crc32(crop.path.name.encode()) & 0x7FFFFFFF
        np.testing.assert_allclose(
            view, augment_view(read_rgb(crop.path), number, 2, **options), atol=3
        )  # two JPEG decoders


def test_framed_crops_are_seen_through_their_transform_in_every_dataset(crops):
    left = np.array([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]])  # the upper left quarter, twice as large
    framed = [FramedCrop(crop.path, left) for crop in crops]
    images, _, _ = next(make_dataset(framed, {}, size=SIZE, batch_size=5).as_numpy_iterator())
    view = images_of(framed, view=0, augmentation=Augmentation())
    np.testing.assert_array_equal(images, view)
    plain = images_of(crops, view=0)
    assert np.abs(images[:, 8, 8].astype(int) - plain[:, 4, 4]).max() <= 6  # the darker half fills the view
    assert np.abs(images[:, 8, 24].astype(int) - plain[:, 4, 12]).max() <= 6


def test_a_view_may_have_another_side_than_its_crop(crops):
    framed = [FramedCrop(crop.path, scale_whole(SIZE, side=48)) for crop in crops]
    images, _, _ = next(make_dataset(framed, {}, size=48, batch_size=5).as_numpy_iterator())
    assert images.shape == (5, 48, 48, 3)
    assert [index_of(image) for image in images] == [0, 1, 2, 3, 4]
