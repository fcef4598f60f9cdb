"""What the header of an image file says about it, without decoding its pixels."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from agelens.data_prep.core.decoding.files import DECODER_ERRORS, FORMATS, open_with_pillow
from agelens.data_prep.core.errors import ImageError

SMALLEST_ENTRIES = 16
"""Entries of a luminance table that are compared: at low qualities, libjpeg limits the others to 255."""

STANDARD_MEAN = 15.375
"""Mean of the smallest entries of the standard's table (ITU-T T.81, table K.1), which is that of quality 50."""


@dataclass(frozen=True)
class ImageHeader:
    """What a file's header says.

    Args:
        file_format: Such as `JPEG`.
        kilobytes: Size of the file, in units of 1,000 bytes.
        jpeg_quality: 1 to 100, estimated from the luminance table as libjpeg scales it; NaN for other
            formats.
    """

    file_format: str
    kilobytes: float
    jpeg_quality: float


def read_header(path: Path) -> ImageHeader:
    """Read the header of one image file.

    Raises:
        ImageError: `missing`, or `not_an_image`.
    """
    if not path.is_file():
        reason, detail = "missing", f"no such file: {path}"
        raise ImageError(reason, detail)
    try:
        with open_with_pillow(path, formats=FORMATS) as image:
            tables = getattr(image, "quantization", None) or {}  # of JPEG files only
            return ImageHeader(image.format or "", path.stat().st_size / 1000, jpeg_quality(tables))
    except (*DECODER_ERRORS, Image.DecompressionBombError) as error:
        reason, detail = "not_an_image", str(error)
    damaged = ImageError(reason, detail)
    damaged.path = path
    raise damaged


def jpeg_quality(tables: dict[int, list[int]]) -> float:
    """Return the quality that libjpeg would have used for these quantisation tables (jcparam.c); NaN without any."""
    if not tables:
        return math.nan
    scale = 100 * float(np.mean(sorted(tables[min(tables)])[:SMALLEST_ENTRIES])) / STANDARD_MEAN
    return min(100.0, max(1.0, (200 - scale) / 2 if scale <= 100 else 5000 / scale))
