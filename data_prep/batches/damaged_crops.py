"""Name the crop that TensorFlow cannot read: its own errors do not."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import tensorflow as tf

from agelens.data_prep.batches.framed_crop import FramedCrop
from agelens.data_prep.core.errors import ImageError


@contextmanager
def naming_damaged_crops(crops: Sequence[FramedCrop]) -> Iterator[None]:
    """Report a crop that cannot be decoded while the block reads crops.

    Args:
        crops: That the block reads; they are decoded again only after an error.

    Raises:
        ImageError: `truncated`, with the path of the first crop that cannot be decoded.
    """
    try:
        yield
    except tf.errors.OpError as error:
        for crop in crops:
            if not _is_decodable(crop):
                reason, detail = "truncated", "the crop cannot be decoded"
                named = ImageError(reason, detail)
                named.path = crop.path
                raise named from error
        raise


def _is_decodable(crop: FramedCrop) -> bool:
    try:
        tf.io.decode_jpeg(tf.io.read_file(str(crop.path)), channels=3)
    except tf.errors.OpError:
        return False
    return True
