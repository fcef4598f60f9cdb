"""Random changes of a face that leave its age alone, in tf.data.

A view is numbered: the same row and number always give the same picture, so that cached features, the network that
trains on them and a resumed run all see one thing. View 0 is the picture itself.
"""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf


@dataclass(frozen=True)
class Augmentation:
    """How strongly views differ from the picture; 0 turns a change off.

    Args:
        flip: Mirror every second view.
        shift: Largest shift, as a fraction of the side.
        zoom: Largest change of scale, as a fraction.
        rotation_degrees: Largest turn either way.
        brightness: Largest change of brightness, as a fraction of the full range.
        contrast: Largest change of contrast, as a fraction.
        saturation: Largest change of saturation, as a fraction.
        erase: Largest share of the picture that a grey rectangle hides, in every second view (Zhong et al. 2020,
            "Random erasing data augmentation").
    """

    flip: bool = True
    shift: float = 0.06
    zoom: float = 0.10
    rotation_degrees: float = 12.0
    brightness: float = 0.15
    contrast: float = 0.20
    saturation: float = 0.20
    erase: float = 0.0


def augment_view(image: Any, row: Any, view: Any, *, augmentation: Augmentation, seed: int) -> Any:
    """Return view number `view` of a picture.

    Args:
        image: `uint8 (S, S, 3)`.
        row: Scalar integer that stands for the picture.
        view: Scalar integer; 0 leaves the picture as it is.
        augmentation: How strongly to change it.
        seed: Of the run.

    Returns:
        `uint8 (S, S, 3)`.
    """
    return tf.cond(tf.equal(view, 0), lambda: image, lambda: _changed(image, row, view, augmentation, seed))


def _changed(image: Any, row: Any, view: Any, augmentation: Augmentation, seed: int) -> Any:
    key = tf.random.experimental.stateless_fold_in(tf.stack([tf.cast(row, tf.int32), seed]), tf.cast(view, tf.int32))
    draw = tf.random.stateless_uniform([8], key, -1.0, 1.0)
    pixels = _moved(tf.cast(image, tf.float32), draw, augmentation)
    grey = tf.image.rgb_to_grayscale(pixels)
    pixels = grey + (pixels - grey) * (1 + augmentation.saturation * draw[5])
    mean = tf.reduce_mean(grey)
    pixels = mean + (pixels - mean) * (1 + augmentation.contrast * draw[6])
    pixels += 255 * augmentation.brightness * draw[7]
    if augmentation.erase:
        pixels = _erased(pixels, key, largest=augmentation.erase)
    return tf.cast(tf.clip_by_value(tf.round(pixels), 0, 255), tf.uint8)


def _moved(pixels: Any, draw: Any, augmentation: Augmentation) -> Any:
    """Mirror, turn, scale and shift in one resampling; what comes in at the border repeats it."""
    side = tf.cast(tf.shape(pixels)[0], tf.float32)
    angle = draw[0] * augmentation.rotation_degrees * (3.141592653589793 / 180)
    scale = tf.exp(draw[1] * tf.math.log1p(augmentation.zoom))
    mirror = tf.where(draw[2] < 0, -1.0, 1.0) if augmentation.flip else 1.0
    cos, sin = tf.cos(angle) / scale, tf.sin(angle) / scale
    a0, a1, b0, b1 = cos * mirror, -sin, sin * mirror, cos
    center = (side - 1) / 2
    a2 = center - a0 * center - a1 * center + draw[3] * augmentation.shift * side
    b2 = center - b0 * center - b1 * center + draw[4] * augmentation.shift * side
    transform = tf.stack([a0, a1, a2, b0, b1, b2, 0.0, 0.0])[None]
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=pixels[None],
        transforms=transform,
        output_shape=tf.shape(pixels)[:2],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )
    return tf.ensure_shape(moved[0], pixels.shape)


def _erased(pixels: Any, key: Any, *, largest: float) -> Any:
    """Hide a rectangle, at most three times as long as it is wide, wholly inside the picture, in every second view."""
    draw = tf.random.stateless_uniform([5], key + 1, 0.0, 1.0)
    side = tf.cast(tf.shape(pixels)[0], tf.float32)
    area, ratio = draw[0] * largest, tf.exp((2 * draw[1] - 1) * tf.math.log(3.0))
    extent = tf.minimum(tf.sqrt(area * tf.stack([ratio, 1 / ratio])), 1.0) * side
    first = tf.round(draw[2:4] * (side - extent))
    last = first + tf.floor(extent)
    line = tf.range(side)
    rows, columns = (tf.logical_and(line >= first[axis], line < last[axis]) for axis in (0, 1))
    hidden = tf.logical_and(tf.logical_and(rows[:, None], columns[None])[..., None], draw[4] < 0.5)
    return tf.where(hidden, 127.0, pixels)
