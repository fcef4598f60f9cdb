"""Reading and writing of images: a file becomes an upright `uint8 (height, width, 3)` RGB array, or an `ImageError`."""

import io
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from agelens.data_prep.core.atomic import write_bytes
from agelens.data_prep.core.decoding import files
from agelens.data_prep.core.decoding.colours import to_rgb
from agelens.data_prep.core.errors import ImageError

Pixels = npt.NDArray[np.uint8]

MAX_PIXELS = files.MAX_PIXELS

SUFFIXES = (
    *("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "apng", "webp", "gif", "bmp", "dib", "tif", "tiff"),
    *("avif", "avifs", "heic", "heif", "hif", "jp2", "j2k", "jpc", "jpf", "jpx"),
)

IMAGE_SUFFIXES = frozenset(f".{name}" for name in SUFFIXES)
"""Suffixes of the files in a folder that are read as images; files given by name can have any."""

MAX_BYTES = 200_000_000
"""Larger files are rejected before they are read."""

JPEG_QUALITY = 95


@dataclass(frozen=True)
class ImageFile:
    """An image with what is unusual about its file.

    Args:
        pixels: `uint8 (height, width, 3)`, upright RGB.
        reduction: How many pixels of the file one pixel is in each direction: 1, or 2, 4 or 8 for a JPEG with more than
            `MAX_PIXELS`.
        notes: What is unusual about the file, each with a short code in front, such as `no_end_marker`.
    """

    pixels: Pixels
    reduction: int = 1
    notes: tuple[str, ...] = ()


def read_rgb(path: Path, *, max_pixels: int = MAX_PIXELS) -> Pixels:
    """Read one image file as upright RGB.

    The EXIF orientation and the colour profile are applied, 16-bit and CMYK pixels are converted, transparency is
    blended with white, and of an animation the first frame with content is read. A JPEG with more than `max_pixels` is
    decoded at 1/2, 1/4 or 1/8 of its size.

    Returns:
        `uint8 (height, width, 3)`.

    Raises:
        ImageError: With the reason `missing`, `unreadable`, `not_a_file`, `empty_file`, `not_an_image`, `needs_heif`,
            `too_large` or `truncated`.
    """
    return read_image(path, max_pixels=max_pixels).pixels


def read_image(path: Path, *, max_pixels: int = MAX_PIXELS) -> ImageFile:
    """Read one image file with what is unusual about it; see `read_rgb`."""
    try:
        return decode_image(read_image_bytes(path), max_pixels=max_pixels, reduce=True)
    except ImageError as error:
        error.path = path
        raise


def read_image_bytes(path: Path) -> bytes:
    """Read a regular file of at most `MAX_BYTES`, so that neither a named pipe nor a disk image blocks a run."""
    try:
        _check_file(path)
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        reason, detail = "missing", f"no such file: {path}"
    except (OSError, ValueError) as error:  # no permission, an invalid name, a disk error
        reason, detail = "unreadable", str(error)
    raise ImageError(reason, detail)


def _check_file(path: Path) -> None:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        reason, detail = "not_a_file", str(path)
        raise ImageError(reason, detail)
    if status.st_size == 0:
        reason, detail = "empty_file", "0 bytes"
        raise ImageError(reason, detail)
    if status.st_size > MAX_BYTES:
        reason, detail = "too_large", f"{status.st_size} bytes; at most {MAX_BYTES} are read"
        raise ImageError(reason, detail)


def decode_rgb(
    content: bytes, *, max_pixels: int = MAX_PIXELS, admit: Callable[[int], None] = lambda _: None
) -> Pixels:
    """Decode the bytes of one image file at its full size as upright RGB; see `read_rgb`.

    `admit` is called with the number of pixels before they are decoded, and may block until there is memory for them.
    """
    return decode_image(content, max_pixels=max_pixels, admit=admit).pixels


def pil_to_rgb(image: Any, *, max_pixels: int = MAX_PIXELS) -> Pixels:
    """Return a PIL image as upright RGB, with the conversions and errors of `decode_rgb`."""
    files.check_size(image, max_pixels=max_pixels)
    with files.raising_image_errors(b""):
        image.load()
        return to_rgb(files.turn_upright(image, orientation=files.orientation_of(image)))


def decode_image(
    content: bytes,
    *,
    max_pixels: int = MAX_PIXELS,
    reduce: bool = False,
    admit: Callable[[int], None] = lambda _: None,
) -> ImageFile:
    """Decode the bytes of one image file with what is unusual about it; see `read_rgb`.

    Args:
        content: The file.
        max_pixels: Images with more are rejected, or decoded at a fraction of their size.
        reduce: Whether to decode a larger JPEG at a fraction of its size.
        admit: See `decode_rgb`.
    """
    decoded = files.decode(content, max_pixels=max_pixels, reduce=reduce, admit=admit)
    with files.raising_image_errors(content):
        return ImageFile(to_rgb(decoded.image), decoded.reduction, decoded.notes)


def encode_jpeg(image: Pixels) -> bytes:
    """Return RGB pixels as a JPEG of quality 95; a decoded crop differs by less than 3/255 on average."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        msg = f"An image must be uint8 (height, width, 3). Received: {image.dtype} {image.shape}."
        raise ValueError(msg)
    # Full colour resolution, because the default of half the resolution causes most of the loss in a small crop.
    return _encode(image, "JPEG", quality=JPEG_QUALITY, subsampling="4:4:4")


def encode_png(image: Pixels) -> bytes:
    """Return RGB pixels as a PNG."""
    return _encode(image, "PNG", compress_level=1)


def _encode(image: Pixels, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind, **options)
    return buffer.getvalue()


def jpeg_round_trip(image: Pixels) -> Pixels:
    """Return an image encoded as JPEG and decoded again, as it would be read from disk.

    Networks are trained on stored crops. Predictions for crops without JPEG compression differed by up to a year.
    """
    return np.array(files.open_image(encode_jpeg(image)), dtype=np.uint8)


def write_jpeg(path: Path, image: Pixels) -> None:
    """Write RGB pixels as JPEG, atomically."""
    write_bytes(path, encode_jpeg(image))


def write_png(path: Path, image: Pixels) -> None:
    """Write RGB pixels as PNG, atomically."""
    write_bytes(path, encode_png(image))


def find_images(folder: Path) -> list[Path]:
    """Return the image files under `folder`, sorted; links to files outside of it are left out."""
    root = os.path.realpath(folder)
    paths = (Path(parent) / name for parent, _, names in os.walk(folder) for name in names)
    return sorted(path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES and _lies_in(path, root))


def _lies_in(path: Path, root: str) -> bool:
    # os.path.realpath, because Path.resolve raises an error for a link to itself.
    return not path.is_symlink() or Path(root) in Path(os.path.realpath(path)).parents
