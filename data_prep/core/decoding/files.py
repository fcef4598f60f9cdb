"""Decoding of image files with Pillow: formats, limits, damaged files, orientation and frames.

Pillow decodes instead of OpenCV for two reasons. It reports truncated files, whose missing part OpenCV silently fills
with grey, and it gives the size of an image before it allocates memory for the pixels.
"""

import io
import logging
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.JpegImagePlugin import jpeg_factory

from agelens.data_prep.core.decoding.colours import twelve_bit_colour
from agelens.data_prep.core.decoding.jpeg_ends import END_OF_IMAGE, lacks_only_its_end
from agelens.data_prep.core.decoding.tiff_errors import catching_tiff_errors
from agelens.data_prep.core.errors import ImageError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "GIF", "TIFF", "AVIF", "JPEG2000")
"""Formats that Pillow may decode. PostScript is not among them, because Pillow runs another program to decode it."""

OTHER_FILES = {
    "a web page": (b"<!doctype", b"<html"),
    "an SVG or XML file": (b"<svg", b"<?xml"),
    "a PDF file": (b"%pdf-",),
    "an archive": (b"pk\x03\x04", b"\x1f\x8b"),
    "a pointer of Git LFS": (b"version h",),
    "a damaged PNG file": (b"\x89png",),
    "a damaged JPEG file": (b"\xff\xd8",),
}
"""Files that are often found under the name of an image, and how they begin, in lower case."""

HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
"""The kinds of HEIF file that the package pillow-heif decodes: photographs of telephones."""

MAX_PIXELS = 100_000_000
"""Larger images are rejected before they are decoded (a 30,000 x 30,000 PNG of 3 MB would need 2.7 GB)."""

MAX_REDUCED_PIXELS = 2 * MAX_PIXELS
"""Larger JPEG files are rejected too; telephones have up to 200 megapixels."""

JPEG_START = b"\xff\xd8\xff"

TWELVE_BITS_CUT = 4095 >> 8
"""White of 12 bits after Pillow has cut 16 bits of colour to 8."""

ABOUT_TAGS = ("TIFF", "_TIFF")
"""How libtiff's reports on fields of a file begin. All others are of a codec, whose pixels are noise or grey then."""

ANIMATED = frozenset({"GIF", "WEBP", "PNG", "AVIF"})

MAX_BLANK_FRAMES = 50
"""Frames at the beginning of an animation that are searched for one with content."""

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

# Pillow logs what it raises, too, and Python prints logs that no program asked for.
logging.getLogger("PIL").addHandler(logging.NullHandler())

open_with_pillow = Image.open
"""Pillow's own function: ultralytics replaces it by one that fails on files that are no images."""


@dataclass(frozen=True)
class Decoded:
    """An upright Pillow image whose pixels are in memory.

    Args:
        image: In the mode of its file.
        reduction: How many pixels of the file one pixel replaces in each direction: 1, 2, 4 or 8.
        notes: What is unusual about the file, each with a short code in front.
    """

    image: Any
    reduction: int = 1
    notes: tuple[str, ...] = field(default=())


def decode(content: bytes, *, max_pixels: int, reduce: bool, admit: Callable[[int], None]) -> Decoded:
    """Decode the bytes of one image file.

    Args:
        content: The file.
        max_pixels: Limit of the decoded pixels.
        reduce: Whether to decode a larger JPEG at 1/2, 1/4 or 1/8 of its size.
        admit: Is called with the number of pixels before they are decoded; may block until there is memory for them.

    Raises:
        ImageError: `not_an_image`, `needs_heif`, `too_large` or `truncated`.
    """
    with raising_image_errors(content):
        image = open_image(content)
    with image:
        size = image.size
        reduction = _reduce(image, max_pixels=max_pixels) if reduce else 1
        check_size(image, max_pixels=max_pixels)
        admit(image.size[0] * image.size[1])
        with raising_image_errors(content):
            loaded, notes = _load_tiff(image, content) if image.format == "TIFF" else _load(image, content)
            if reduction > 1:
                notes = (*notes, f"reduced: {size[0]} x {size[1]} pixels, decoded at 1/{reduction} of the size")
            return Decoded(turn_upright(loaded, orientation=orientation_of(image)), reduction, notes)


def is_image(content: bytes) -> bool:
    """Return whether bytes begin like an image file."""
    if _is_heif(content):
        return True
    try:
        with open_image(content):
            return True
    except (UnidentifiedImageError, Image.DecompressionBombError, *DECODER_ERRORS):
        return False


def open_image(content: bytes) -> Any:
    """Open the bytes of one image file with Pillow, without decoding its pixels.

    Raises:
        ImageError: `needs_heif`: the package that decodes the format is not installed.
    """
    try:
        return open_with_pillow(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        if not content.startswith(JPEG_START):
            raise
        return jpeg_factory(io.BytesIO(content))  # the limit of this module is higher for JPEG
    except UnidentifiedImageError:
        if not _is_heif(content):
            raise
    try:
        from pillow_heif import register_heif_opener  # noqa: PLC0415  an extra
    except ModuleNotFoundError as error:
        reason, detail = "needs_heif", "HEIC and HEIF photographs need a further package: pip install 'agelens[heif]'"
        raise ImageError(reason, detail) from error
    register_heif_opener()
    return open_with_pillow(io.BytesIO(content), formats=("HEIF",))


@contextmanager
def raising_image_errors(content: bytes) -> Iterator[None]:
    """Raise the errors of Pillow as `ImageError`."""
    try:
        yield
    except UnidentifiedImageError:
        reason, detail = "not_an_image", f"begins like {_kind_of(content)}"
    except Image.DecompressionBombError as error:
        reason, detail = "too_large", str(error)
    except DECODER_ERRORS as error:
        reason, detail = "truncated", str(error)
    else:
        return
    raise ImageError(reason, detail)


def _kind_of(content: bytes) -> str:
    """Name the kind of a file without its content, which a message must not show."""
    start = content.lstrip()[:9].lower()
    return next((kind for kind, starts in OTHER_FILES.items() if start.startswith(starts)), "no format that is read")


def _is_heif(content: bytes) -> bool:
    return content[4:8] == b"ftyp" and content[8:12] in HEIF_BRANDS


def _reduce(image: Any, *, max_pixels: int) -> int:
    """Let a large baseline JPEG be decoded at a fraction of its size and return the divisor.

    A progressive one is decoded into coefficients of the whole image first, so that nothing would be gained.
    """
    width, height = image.size
    if image.format not in {"JPEG", "MPO"} or image.info.get("progressive") or width * height > MAX_REDUCED_PIXELS:
        return 1
    for divisor in (1, 2, 4, 8):
        if -(-width // divisor) * -(-height // divisor) <= max_pixels:
            image.draft(None, (width // divisor, height // divisor))
            break
    reduction: int = round(width / image.size[0])
    return reduction


def check_size(image: Any, *, max_pixels: int) -> None:
    """Raise an `ImageError` with the reason `too_large` for an image with more pixels."""
    width, height = image.size
    if width * height > max_pixels:
        reason, detail = "too_large", f"{width} x {height} pixels; at most {max_pixels} are decoded"
        raise ImageError(reason, detail)


def _load(image: Any, content: bytes) -> tuple[Any, tuple[str, ...]]:
    try:
        image.load()
    except OSError:
        if image.format not in {"JPEG", "MPO"} or not lacks_only_its_end(content, open_image=open_image):
            raise
        size = image.size
        image = open_image(content.rstrip(b"\xff") + END_OF_IMAGE)
        image.draft(None, size)
        image.load()
        return image, ("no_end_marker: the file ends without a marker; its pixels are complete",)
    if notes := _skip_blank_frames(image):
        return image, notes
    if image.format in {"PNG", "TIFF"} and image.mode == "RGB" and _is_almost_black(image):
        with open_image(content) as again:
            return twelve_bit_colour(image, again) or image, ()
    return image, ()


def _load_tiff(image: Any, content: bytes) -> tuple[Any, tuple[str, ...]]:
    """Load a TIFF; it is damaged if libtiff reports so about its pixels, although it decodes them."""
    with catching_tiff_errors() as errors:
        try:
            loaded, notes = _load(image, content)
        except DECODER_ERRORS as error:
            reported = f" ({errors[0]})" if errors else ""
            msg = f"{error}{reported}"
            raise OSError(msg) from error
    if damaged := next((error for error in errors if not error.startswith(ABOUT_TAGS)), None):
        raise OSError(damaged)
    return loaded, notes


def _is_almost_black(image: Any) -> bool:
    return bool(max(high for _, high in image.getextrema()) <= TWELVE_BITS_CUT)


def _skip_blank_frames(image: Any) -> tuple[str, ...]:
    """Move an animation to its first frame with content; return a note if that is not the first."""
    if image.format not in ANIMATED or not getattr(image, "is_animated", False):
        return ()
    for number in range(MAX_BLANK_FRAMES):
        try:
            image.seek(number)
            if not _is_blank(image):
                return (f"frame: the first frame is blank; frame {number + 1} was read",) if number else ()
        except EOFError:
            break
    image.seek(0)
    image.load()
    return ()


def _is_blank(image: Any) -> bool:
    """Return whether all pixels have one colour, or all are transparent."""
    *colours, alpha = image.convert("RGBA").getextrema()
    return alpha[1] == 0 or all(low == high for low, high in colours)


def orientation_of(image: Any) -> int | None:
    """Return the EXIF orientation; None if there is none, or the EXIF is invalid."""
    # Not ImageOps.exif_transpose, which rewrites the EXIF and fails on invalid entries of otherwise valid files.
    try:
        found: int | None = image.getexif().get(ExifTags.Base.Orientation)
    except DECODER_ERRORS:
        return None
    return found


def turn_upright(image: Any, *, orientation: int | None) -> Any:
    """Return an image upright, by its EXIF orientation."""
    return image.transpose(TRANSPOSES[orientation]) if orientation in TRANSPOSES else image
