"""Keras and TensorFlow's SavedModel, which takes encoded images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.images import Pixels, encode_png
from agelens.models.exports.calibrated_network import INPUT
from agelens.models.network.saving import save_network

ENCODED_INPUT = "image_bytes"
"""Input of the SavedModel's default signature: `(B,)` strings, each the bytes of a JPEG or PNG file."""

ENCODED_SIGNATURE, VIEW_SIGNATURE = "serve", "serve_views"

Outputs = Mapping[str, npt.NDArray[Any]]


def write_keras(network: Any, path: Path) -> None:
    """Write a network as a `.keras` file that needs only Keras."""
    save_network(network, path)


class KerasFile:
    """A `.keras` file, read back."""

    def __init__(self, path: Path) -> None:
        self._network = keras.saving.load_model(path, compile=False)

    def __call__(self, views: Pixels) -> Outputs:
        """Return the outputs for views `uint8 (B, S, S, 3)` RGB."""
        found: Outputs = self._network.predict_on_batch(views)
        return found


def write_saved_model(network: Any, folder: Path) -> None:
    """Write a SavedModel with two signatures: `serve`, the default, takes encoded images, `serve_views` takes views."""
    import tensorflow as tf  # noqa: PLC0415

    shape = network.input_shape[1:]

    def decode(content: Any) -> Any:
        # The accurate method is that of Pillow; the default rounds differently. PNG files are decoded by it, too.
        pixels = tf.io.decode_jpeg(content, channels=3, dct_method="INTEGER_ACCURATE")
        resized = tf.image.resize(pixels, shape[:2], antialias=True)
        return tf.cast(tf.round(tf.clip_by_value(resized, 0.0, 255.0)), tf.uint8)

    def serve(image_bytes: Any) -> Any:
        views = tf.map_fn(decode, image_bytes, fn_output_signature=tf.TensorSpec(shape, tf.uint8))
        return network(views, training=False)

    archive = keras.export.ExportArchive()
    archive.track(network)
    encoded = tf.TensorSpec((None,), tf.string, name=ENCODED_INPUT)
    archive.add_endpoint(ENCODED_SIGNATURE, serve, input_signature=[encoded])
    views = tf.TensorSpec((None, *shape), tf.uint8, name=INPUT)
    archive.add_endpoint(VIEW_SIGNATURE, lambda image: network(image, training=False), input_signature=[views])
    archive.write_out(str(folder), verbose=False)


class SavedModelFolder:
    """A SavedModel, read back; views are encoded as PNG, and decoded by the graph."""

    def __init__(self, folder: Path) -> None:
        import tensorflow as tf  # noqa: PLC0415

        self._loaded = tf.saved_model.load(str(folder))
        self._signature = self._loaded.signatures["serving_default"]

    def __call__(self, views: Pixels) -> Outputs:
        """Return the outputs for views `uint8 (B, S, S, 3)` RGB."""
        encoded = [encode_png(view) for view in views]
        return self.predict_encoded(encoded)

    def predict_encoded(self, files: list[bytes]) -> Outputs:
        """Return the outputs for the contents of JPEG or PNG files."""
        import tensorflow as tf  # noqa: PLC0415

        found = self._signature(**{ENCODED_INPUT: tf.constant(files)})
        return {name: np.asarray(output) for name, output in found.items()}
