"""Datasets of batches: uint8 images or cached features, targets by output name, and weights of the loss."""

import os
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from agelens.data_prep.batches.augment import Augmentation, augment_view
from agelens.data_prep.batches.framed_crop import FramedCrop
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.images import Pixels

CORES = os.cpu_count() or 1

Arrays = Mapping[str, npt.NDArray[np.generic]]


def epoch_draws(
    copies: npt.NDArray[np.int64], *, epoch: int, views: int, seed: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return the rows and views of one epoch in random order.

    A row with c copies is drawn c times. Draw k in epoch e uses view `(e * c + k) mod views`, so that all views of
    a row are used equally often.

    Returns:
        Rows and views, each `(sum of copies,)`.
    """
    rows = np.repeat(np.arange(len(copies)), copies)
    firsts = np.repeat(np.cumsum(copies) - copies, copies)
    draw = np.arange(len(rows)) - firsts
    view = (epoch * copies[rows] + draw) % views
    order = np.random.default_rng([seed, epoch]).permutation(len(rows))
    return rows[order].astype(np.int32), view[order].astype(np.int32)


def make_dataset(
    crops: Sequence[FramedCrop], targets: Arrays, *, size: int, batch_size: int, weights: Arrays | None = None
) -> Any:
    """Return a dataset that reads every crop once, in order and unchanged, for validation and prediction.

    Args:
        crops: The crops and how they are framed.
        targets: Arrays by output name, with one row per crop; may be empty.
        size: Side of the views in pixels.
        batch_size: Crops in a batch; the last batch may be smaller.
        weights: Weights of the loss by output name.

    Returns:
        Batches of `(uint8 (B, size, size, 3), targets, weights)`.
    """
    rows = tf.data.Dataset.range(len(crops))
    look = _make_view_loader(crops, size=size, augmentation=Augmentation(), seed=0)
    dataset = rows.map(lambda row: (row, look(row, 0)), num_parallel_calls=CORES).batch(batch_size)
    pick = _make_picker(targets, weights or {name: np.ones(len(crops), np.float32) for name in targets})
    return _without_autotuning(dataset.map(lambda row, image: (image, *pick(row))).prefetch(2))


def make_training_dataset(
    crops: Sequence[FramedCrop],
    targets: Arrays,
    *,
    weights: Arrays,
    copies: npt.NDArray[np.int64],
    size: int,
    batch_size: int,
    augmentation: Augmentation,
    views: int,
    seed: int,
    first_epoch: int = 0,
) -> tuple[Any, int]:
    """Return an endless dataset, with another order and other views in each epoch.

    Returns:
        The dataset, as of `make_dataset` without an incomplete last batch, and the number of batches in an epoch.

    Raises:
        DataError: An epoch has less than one batch, or the first batch is black.
    """
    steps = check_steps(copies, batch_size=batch_size)
    pick = _make_picker(targets, weights)
    look = _make_view_loader(crops, size=size, augmentation=augmentation, seed=seed)
    draws = _make_draws(copies, count=steps * batch_size, views=views, seed=seed, first_epoch=first_epoch)
    dataset = draws.map(lambda row, view: (row, look(row, view)), num_parallel_calls=CORES)
    dataset = dataset.batch(batch_size, drop_remainder=True).map(lambda row, image: (image, *pick(row)))
    for images, *_ in _without_autotuning(dataset.take(1)).as_numpy_iterator():
        check_pixels(images)
    return _without_autotuning(dataset.prefetch(2)), steps


def make_feature_dataset(
    features: Sequence[npt.NDArray[np.float16]],
    targets: Arrays,
    *,
    weights: Arrays,
    copies: npt.NDArray[np.int64],
    batch_size: int,
    seed: int,
    first_epoch: int = 0,
) -> tuple[Any, int]:
    """Return the same endless dataset of cached features of each view, `(N, F)` or any shape, instead of images.

    Returns:
        The dataset and the number of batches in an epoch.

    Raises:
        DataError: An epoch has less than one batch.
    """
    steps = check_steps(copies, batch_size=batch_size)
    views, shape = len(features), features[0].shape[1:]
    pick = _make_picker(targets, weights)

    def gather(row: Any, view: Any) -> Any:
        found = tf.numpy_function(lambda r, v: gather_views(features, r, v), [row, view], tf.float32)
        return (tf.ensure_shape(found, (batch_size, *shape)), *pick(row))

    draws = _make_draws(copies, count=steps * batch_size, views=views, seed=seed, first_epoch=first_epoch)
    return _without_autotuning(draws.batch(batch_size, drop_remainder=True).map(gather).prefetch(2)), steps


def make_plain_feature_dataset(features: npt.NDArray[np.float16], targets: Arrays, *, batch_size: int) -> Any:
    """Return a dataset of cached features, `(N, F)` or any shape, once and in order, for validation."""
    pick = _make_picker(targets, {})

    def gather(rows: Any) -> Any:
        found = tf.numpy_function(lambda r: features[r].astype(np.float32), [rows], tf.float32)
        return tf.ensure_shape(found, (None, *features.shape[1:])), pick(rows)[0]

    return _without_autotuning(tf.data.Dataset.range(len(features)).batch(batch_size).map(gather).prefetch(2))


def gather_views(
    views: Sequence[npt.NDArray[np.float16]], row: npt.NDArray[np.int32], view: npt.NDArray[np.int32]
) -> npt.NDArray[np.float32]:
    """Return the features `(B, ...)` of each pair of row and view."""
    found = np.empty((len(row), *views[0].shape[1:]), dtype=np.float32)
    for number in np.unique(view):
        found[view == number] = views[number][row[view == number]]
    return found


def check_steps(copies: npt.NDArray[np.int64], *, batch_size: int) -> int:
    """Return the number of complete batches in an epoch, or raise `DataError` if there is none."""
    draws = int(copies.sum())
    if draws < batch_size:
        msg = f"Training needs at least one batch of {batch_size} draws. Received: {draws} draws."
        raise DataError(msg)
    return draws // batch_size


def _without_autotuning(dataset: Any) -> Any:
    """Return the dataset without autotuning.

    Deleting an iterator with autotuning waits for the tuner's thread, which sleeps twice as long each time: a training
    of 2.8 seconds took 5.1.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def _make_draws(copies: npt.NDArray[np.int64], *, count: int, views: int, seed: int, first_epoch: int) -> Any:
    """Return the endless dataset of `(row, view)`, with `count` of them per epoch."""

    def draws(epoch: Any) -> Any:
        rows, view = tf.numpy_function(
            lambda e: epoch_draws(copies, epoch=int(e), views=views, seed=seed), [epoch], (tf.int32, tf.int32)
        )
        return tf.data.Dataset.from_tensor_slices((tf.reshape(rows, [-1]), tf.reshape(view, [-1]))).take(count)

    return tf.data.Dataset.counter(start=first_epoch).flat_map(draws)


def make_view_dataset(
    crops: Sequence[FramedCrop], *, view: int, size: int, batch_size: int, augmentation: Augmentation, seed: int
) -> Any:
    """Return a dataset of one view of every crop, in order: batches of `uint8 (B, size, size, 3)`."""
    look = _make_view_loader(crops, size=size, augmentation=augmentation, seed=seed)
    rows = tf.data.Dataset.range(len(crops))
    dataset = rows.map(lambda row: look(row, view), num_parallel_calls=CORES)
    return _without_autotuning(dataset.batch(batch_size).prefetch(2))


def check_pixels(images: npt.NDArray[np.generic]) -> None:
    """Raise `DataError` if a batch cannot contain photographs: the seed project once trained on black crops."""
    if images.dtype != np.uint8 or images.max(initial=0) <= 1 or images.mean() < 5:
        msg = (
            "A batch must hold uint8 pixels in 0..255. "
            f"Received: {images.dtype}, maximum {images.max(initial=0)}, mean {images.mean():.2f}."
        )
        raise DataError(msg)


def _make_view_loader(crops: Sequence[FramedCrop], *, size: int, augmentation: Augmentation, seed: int) -> Any:
    """Return a function from a row and the number of a view to that view `uint8 (size, size, 3)`.

    Views depend on the name of the file and not on its row, so that another split does not change them.
    """
    files = tf.constant([str(crop.path) for crop in crops])
    numbers = [zlib.crc32(crop.path.name.encode()) & 0x7FFFFFFF for crop in crops]
    framed = any(crop.transform is not None for crop in crops)

    def view_of(image: Pixels, row: int, view: int) -> Pixels:
        transform = crops[row].transform
        return augment_view(
            image, numbers[row], int(view), augmentation=augmentation, seed=seed, transform=transform, side=size
        )

    def look(row: Any, view: Any) -> Any:
        content = tf.io.read_file(tf.gather(files, row))
        image = tf.io.decode_jpeg(content, channels=3, dct_method="INTEGER_ACCURATE")
        if framed or not (isinstance(view, int) and view == 0):
            image = tf.numpy_function(view_of, [image, row, view], tf.uint8)
        return tf.ensure_shape(image, (size, size, 3))

    return look


def _make_picker(targets: Arrays, weights: Arrays) -> Any:
    target_tensors = {name: tf.constant(array) for name, array in targets.items()}
    weight_tensors = {name: tf.constant(array) for name, array in weights.items()}

    def pick(rows: Any) -> Any:
        picked = {name: tf.gather(tensor, rows) for name, tensor in target_tensors.items()}
        return picked, {name: tf.gather(tensor, rows) for name, tensor in weight_tensors.items()}

    return pick
