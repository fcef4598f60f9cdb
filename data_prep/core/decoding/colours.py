"""From a decoded image in any mode to RGB: profiles, deep grey, transparency."""

import io
import sys
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

Pixels = npt.NDArray[np.uint8]

BAND_PIXELS = 4_000_000
"""Larger images are converted to RGB in horizontal bands, because Pillow copies what it converts several times."""

COLOUR_SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}
"""The colour space that the profile of an image must have, by the mode of the image."""

MAX_PROFILE_BYTES = 4_000_000

SAME_COLOUR = 2
"""Profiles that change no colour by more than this are those of sRGB, and are not applied."""

OTHER_BYTE = {
    "RGB;16B": "RGB;16L",
    "RGB;16L": "RGB;16B",
    "RGB;16N": "RGB;16B" if sys.byteorder == "little" else "RGB;16L",
}
"""Pillow's names of 16 bits per colour in each order of bytes, with the name that makes it keep the lower byte."""

USUAL_WHITES = (1, 255, 4095, 65535)
"""The largest values of floating-point, 8-bit, 12-bit and 16-bit files."""


def to_rgb(image: Any) -> Pixels:
    """Return a decoded Pillow image as `uint8 (height, width, 3)` in sRGB, transparency blended with white."""
    if image.mode.startswith("I") or image.mode == "F":
        return deep_grey_to_rgb(np.asarray(image))
    width, height = image.size
    rows = max(1, BAND_PIXELS // width)
    if rows >= height:
        return _band_to_rgb(image)
    whole = np.empty((height, width, 3), dtype=np.uint8)
    for top in range(0, height, rows):
        whole[top : top + rows] = _band_to_rgb(image.crop((0, top, width, min(top + rows, height))))
    return whole


def deep_grey_to_rgb(grey: npt.NDArray[np.generic]) -> Pixels:
    """Scale grey of 16 or 32 bits or floating point to 8 bits; Pillow would clip all values above 255 to white.

    Files of 32 bits and of floating point do not define white: it is the smallest usual one that no value exceeds.
    Files of 16 bits do, but cameras and scanners store 12 bits in them, so that values up to 4095 are such.
    """
    values = np.nan_to_num(grey.astype(np.float32))
    largest = values.max()
    if grey.dtype.itemsize == 2:
        white = 4095 if 255 < largest <= 4095 else 65535
    else:
        white = next((top for top in USUAL_WHITES if largest <= top), largest)
    return np.repeat((values / white * 255).clip(0, 255).round().astype(np.uint8)[..., None], 3, axis=2)


def twelve_bit_colour(upper: Any, again: Any) -> Any:
    """Return an RGB image whose file has 12-bit values in 16 bits per colour; None for other images.

    Pillow keeps the upper byte of 16 bits. The lower one is what it keeps when it takes the bytes in the other order.

    Args:
        upper: The image as Pillow decodes it.
        again: The same file, opened and not yet decoded.
    """
    tiles = [tile._replace(args=_other_byte(tile.args)) for tile in again.tile]
    if upper.getextrema() == ((0, 0),) * 3 or tiles == again.tile:
        return None
    again.tile = tiles
    values = np.asarray(upper).astype(np.float32) * 256 + np.asarray(again)
    return Image.fromarray((values * (255 / 4095)).clip(0, 255).round().astype(np.uint8))


def _other_byte(args: Any) -> Any:
    if isinstance(args, tuple):
        return (_other_byte(args[0]), *args[1:])
    return OTHER_BYTE.get(args, args)


def _band_to_rgb(image: Any) -> Pixels:
    profile = image.info.get("icc_profile") or b""
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        image = image.convert("RGBA")
        if transform := _transform_of(profile, "RGB"):
            coloured: Any = ImageCms.applyTransform(image.convert("RGB"), transform)
            coloured.putalpha(image.getchannel("A"))
            image = coloured
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return np.array(Image.alpha_composite(white, image).convert("RGB"), dtype=np.uint8)
    if image.mode not in COLOUR_SPACES:
        image = image.convert("RGB")
    if transform := _transform_of(profile, image.mode):
        image = ImageCms.applyTransform(image, transform)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"), dtype=np.uint8)


def _transform_of(profile: bytes, mode: str) -> Any:
    """Return the transform from a profile to sRGB; None without one, or where it would change nothing."""
    return _build_transform(profile, mode) if 0 < len(profile) <= MAX_PROFILE_BYTES else None


@lru_cache(maxsize=16)
def _build_transform(profile: bytes, mode: str) -> Any:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != COLOUR_SPACES[mode]:
            return None  # as in grey images that were saved with the profile of a colour image
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        return transform if _changes_colours(transform, mode) else None
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # a damaged profile is ignored
        return None


def _changes_colours(transform: Any, mode: str) -> bool:
    """Return whether a transform changes a grid of colours."""
    if mode == "CMYK":
        return True
    steps = np.linspace(0, 255, 9).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    image = Image.fromarray(np.ascontiguousarray(grid))
    image = image.convert("L") if mode == "L" else image
    before = np.asarray(image.convert("RGB"), dtype=np.int16)
    after = np.asarray(ImageCms.applyTransform(image, transform), dtype=np.int16)
    return bool(np.abs(after - before).max() > SAME_COLOUR)
