"""Random changes of valid files, and the valid files to begin with. No photographs: all images are drawn."""

import io
import json
from collections.abc import Sequence

import numpy as np
from PIL import Image

from agelens.models.serving.model_card import MODEL_FILE
from agelens.weights.defaults import AGE_MODEL

EXTREMES = (b"\x00", b"\xff", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00")
"""Values at which lengths and sizes overflow."""

SIDE = 48


def seed_images() -> dict[str, bytes]:
    """Return small drawn images in every format that agelens reads, by name."""
    y, x = np.mgrid[:SIDE, :SIDE]
    face = np.where((x - SIDE / 2) ** 2 + (y - SIDE / 2) ** 2 < (SIDE / 2.4) ** 2, 190, 40).astype(np.uint8)
    image = Image.fromarray(np.stack([face, face // 2 + x.astype(np.uint8), 255 - face], axis=-1))
    exif = Image.Exif()
    exif[0x0112] = 6
    variants: dict[str, tuple[Image.Image, str, dict[str, object]]] = {
        "plain.jpg": (image, "JPEG", {"quality": 90}),
        "progressive.jpg": (image, "JPEG", {"progressive": True, "exif": exif}),
        "cmyk.jpg": (image.convert("CMYK"), "JPEG", {}),
        "rgb.png": (image, "PNG", {}),
        "palette.png": (image.convert("P"), "PNG", {}),
        "deep.png": (Image.fromarray(face.astype(np.uint16) * 257), "PNG", {}),
        "alpha.png": (image.convert("RGBA"), "PNG", {}),
        "lossy.webp": (image, "WEBP", {}),
        "animation.gif": (image.convert("P"), "GIF", {"save_all": True, "append_images": [image.convert("P")]}),
        "lzw.tiff": (image, "TIFF", {"compression": "tiff_lzw"}),
        "plain.bmp": (image, "BMP", {}),
        "photo.avif": (image, "AVIF", {}),
        "wavelet.jp2": (image, "JPEG2000", {}),
    }
    return {name: _encoded(*variant) for name, variant in variants.items()}


def seed_texts() -> dict[str, bytes]:
    """Return a model card and a table of labels, by name."""
    table = "path,age,gender\na.jpg,31,female\nb.jpg,20-29,male\nc.jpg,70+,\n"
    card = json.loads((AGE_MODEL / MODEL_FILE).read_text(encoding="utf-8"))
    return {"card.json": json.dumps(card).encode(), "labels.csv": table.encode()}


def mutate(content: bytes, others: Sequence[bytes], rng: np.random.Generator) -> bytes:
    """Return a file with one to eight random changes.

    Args:
        content: The file.
        others: Files of which parts may be inserted.
        rng: Source of all choices.
    """
    changed = bytearray(content)
    for _ in range(int(rng.integers(1, 9))):
        if not changed:
            break
        _change(changed, others, rng)
    return bytes(changed)


def _change(content: bytearray, others: Sequence[bytes], rng: np.random.Generator) -> None:
    place = int(rng.integers(0, len(content)))
    if rng.random() < 0.3:
        place = int(rng.integers(0, min(len(content), 64)))
    length = int(rng.integers(1, 1 + min(64, len(content) - place)))
    match rng.integers(0, 6):
        case 0:
            content[place] ^= 1 << int(rng.integers(0, 8))
        case 1:
            content[place : place + length] = rng.bytes(length)
        case 2:
            extreme = EXTREMES[int(rng.integers(0, len(EXTREMES)))]
            content[place : place + len(extreme)] = extreme
        case 3:
            del content[place : place + length]
        case 4:
            content[place:place] = content[place : place + length] * int(rng.integers(1, 20))
        case _:
            other = others[int(rng.integers(0, len(others)))]
            start = int(rng.integers(0, len(other)))
            content[place:place] = other[start : start + length]


def _encoded(image: Image.Image, form: str, options: dict[str, object]) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)  # type: ignore[arg-type]
    return file.getvalue()
