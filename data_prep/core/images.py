"""Reading and writing of images: a file becomes an upright `uint8 (height, width, 3)` RGB array, or an `ImageError`.

Pillow decodes instead of OpenCV for two reasons. It reports truncated files, whose missing part OpenCV silently fills
with grey, and it gives the size of an image before it allocates memory for the pixels.
"""

import io
import os
import stat
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, UnidentifiedImageError

from agelens.data_prep.core.atomic import write_bytes
from agelens.data_prep.core.errors import ImageError

Pixels = npt.NDArray[np.uint8]

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".jfif", ".mpo", ".jpe", ".dib"}
)

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
"""Formats that Pillow may decode. PostScript is not among them, because Pillow runs another program to decode it."""

MAX_PIXELS = 100_000_000
"""Larger images are rejected before they are decoded (a 30,000 x 30,000 PNG of 3 MB would need 2.7 GB)."""

MAX_BYTES = 200_000_000
"""Larger files are rejected before they are read."""

BAND_PIXELS = 4_000_000
"""Larger images are converted to RGB in horizontal bands, because Pillow copies what it converts several times."""

JPEG_QUALITY = 95

TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The operation that turns an image upright, by its EXIF orientation."""

DECODER_ERRORS = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    SyntaxError,
    ArithmeticError,
    RuntimeError,
    struct.error,
)
"""Exceptions with which Pillow's decoders report damaged files."""

# Pillow warns about decompression bombs and invalid EXIF. The size is checked below, and invalid EXIF is ignored. The
# filter is set once per process because `warnings.catch_warnings` around a decoder is not thread-safe.
warnings.filterwarnings("ignore", module=r"PIL\.")

_open_image = Image.open
"""Pillow's own function: ultralytics replaces it by one that fails on files that are no images."""


def read_rgb(path: Path, *, max_pixels: int = MAX_PIXELS) -> Pixels:
    """Read one image file as upright RGB.

    The EXIF orientation is applied, 16-bit and CMYK pixels are converted, transparency is blended with white, and of an
    animation the first frame is read.

    Returns:
        `uint8 (height, width, 3)`.

    Raises:
        ImageError: With the reason `missing`, `unreadable`, `not_a_file`, `empty_file`, `not_an_image`, `too_large` or
            `truncated`.
    """
    content = read_image_bytes(path)
    return decode_rgb(content, max_pixels=max_pixels)


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
    """Decode the bytes of one image file as upright RGB; see `read_rgb`.

    `admit` is called with the number of pixels before they are decoded, and may block until there is memory for them.
    """
    with _raising_image_errors(content):
        image = _open_image(io.BytesIO(content), formats=FORMATS)
    with image:
        _check_size(image, max_pixels=max_pixels)
        admit(image.size[0] * image.size[1])
        with _raising_image_errors(content):
            image.load()
            return _to_rgb(_transpose_upright(image))


def pil_to_rgb(image: Image.Image, *, max_pixels: int = MAX_PIXELS) -> Pixels:
    """Return a PIL image as upright RGB, with the conversions and errors of `decode_rgb`."""
    _check_size(image, max_pixels=max_pixels)
    with _raising_image_errors(b""):
        image.load()
        return _to_rgb(_transpose_upright(image))


def is_image(content: bytes) -> bool:
    """Return whether bytes begin like an image file of one of `FORMATS`."""
    try:
        with _open_image(io.BytesIO(content), formats=FORMATS):
            return True
    except (UnidentifiedImageError, Image.DecompressionBombError, *DECODER_ERRORS):
        return False


@contextmanager
def _raising_image_errors(content: bytes) -> Iterator[None]:
    try:
        yield
    except UnidentifiedImageError:
        reason, detail = "not_an_image", f"begins with {content[:16]!r}"
    except Image.DecompressionBombError as error:
        reason, detail = "too_large", str(error)
    except DECODER_ERRORS as error:
        reason, detail = "truncated", str(error)
    else:
        return
    raise ImageError(reason, detail)


def _check_size(image: Image.Image, *, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        reason, detail = "too_large", f"{width} x {height} pixels; at most {max_pixels} are decoded"
        raise ImageError(reason, detail)


def _transpose_upright(image: Image.Image) -> Image.Image:
    # Not ImageOps.exif_transpose, which rewrites the EXIF and fails on invalid entries of otherwise valid files.
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except DECODER_ERRORS:
        return image
    return image.transpose(TRANSPOSES[orientation]) if orientation in TRANSPOSES else image


def _to_rgb(image: Image.Image) -> Pixels:
    if image.mode.startswith("I") or image.mode == "F":
        return _deep_grey_to_rgb(np.asarray(image))
    width, height = image.size
    rows = max(1, BAND_PIXELS // width)
    if rows >= height:
        return _band_to_rgb(image)
    whole = np.empty((height, width, 3), dtype=np.uint8)
    for top in range(0, height, rows):
        whole[top : top + rows] = _band_to_rgb(image.crop((0, top, width, min(top + rows, height))))
    return whole


def _band_to_rgb(image: Image.Image) -> Pixels:
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"), dtype=np.uint8)


def _deep_grey_to_rgb(grey: npt.NDArray[np.generic]) -> Pixels:
    """Scale 16-bit or floating-point grey to 8 bits; Pillow's conversion would clip all values above 255 to white."""
    values = np.nan_to_num(grey.astype(np.float32))
    largest = values.max()
    # 32-bit and floating-point files do not define white: take the smallest usual maximum that no value exceeds.
    white = 65535 if grey.dtype.itemsize == 2 else next((top for top in (1, 255, 65535) if largest <= top), largest)
    return np.repeat((values / white * 255).clip(0, 255).round().astype(np.uint8)[..., None], 3, axis=2)


def encode_jpeg(image: Pixels) -> bytes:
    """Return RGB pixels as a JPEG of quality 95; a decoded crop differs by less than 3/255 on average."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        msg = f"An image must be uint8 (height, width, 3). Received: {image.dtype} {image.shape}."
        raise ValueError(msg)
    # Full colour resolution, because the default of half the resolution causes most of the loss in a small crop.
    full_colour = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)  # imencode needs four times as long to copy a reversed view
    _, buffer = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY, *full_colour])
    return buffer.tobytes()


def jpeg_round_trip(image: Pixels) -> Pixels:
    """Return an image encoded as JPEG and decoded again, as it would be read from disk.

    Networks are trained on stored crops. Predictions for crops without JPEG compression differed by up to a year.
    """
    return decode_rgb(encode_jpeg(image))


def write_jpeg(path: Path, image: Pixels) -> None:
    """Write RGB pixels as JPEG, atomically."""
    write_bytes(path, encode_jpeg(image))


def write_png(path: Path, image: Pixels) -> None:
    """Write RGB pixels as PNG, atomically."""
    _, buffer = cv2.imencode(".png", image[..., ::-1])
    write_bytes(path, buffer.tobytes())


def find_images(folder: Path) -> list[Path]:
    """Return the image files under `folder`, sorted; links to files outside of it are left out."""
    root = os.path.realpath(folder)
    paths = (Path(parent) / name for parent, _, names in os.walk(folder) for name in names)
    return sorted(path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES and _lies_in(path, root))


def _lies_in(path: Path, root: str) -> bool:
    # os.path.realpath, because Path.resolve raises an error for a link to itself.
    return not path.is_symlink() or Path(root) in Path(os.path.realpath(path)).parents
