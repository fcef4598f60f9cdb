"""Contact sheets: images scaled into cells of equal size, each with a short caption below it."""

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise, takewhile

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.images import Pixels

CELL = 128
"""Side of a cell in pixels: 8 columns fit on a screen, and faces are still recognisable."""

GAP = 10
LINE_HEIGHT = 16
FONT_SIZE = 13
PAPER, SHADE, FRAME, TEXT = "#FFFFFF", "#C9DFEF", "#EEEEEE", "#222222"


def draw_contact_sheet(
    images: Sequence[Pixels], captions: Sequence[str], *, columns: int = 8, groups: Sequence[object] | None = None
) -> Pixels:
    """Draw images side by side, each above its caption.

    Args:
        images: `uint8 (height, width, 3)` RGB of any size, at least one.
        captions: One per image, of one or more lines; lines that are too long are shortened.
        columns: Maximum number of images in a row.
        groups: The group of each image. The background alternates between white and a pale colour where the group
            changes. None draws all images on white.

    Returns:
        `uint8 (height, width, 3)`.

    Raises:
        DataError: There is no image, or not one caption for each.
    """
    if not images or len(images) != len(captions):
        msg = f"A contact sheet needs images and a caption for each. Received: {len(images)} and {len(captions)}."
        raise DataError(msg)
    lines = [caption.split("\n") for caption in captions]
    columns = min(columns, len(images))
    width, height = CELL + GAP, CELL + GAP + LINE_HEIGHT * max(len(texts) for texts in lines)
    sheet = Image.new("RGB", (columns * width, math.ceil(len(images) / columns) * height), PAPER)
    pen = ImageDraw.Draw(sheet)
    shaded = _every_other_group(groups) if groups else [False] * len(images)
    for index, image in enumerate(images):
        left, top = index % columns * width, index // columns * height
        if shaded[index]:
            pen.rectangle((left, top, left + width - 1, top + height - 1), fill=SHADE)
        sheet.paste(Image.fromarray(fit_into_cell(image)), (left + GAP // 2, top + GAP // 2))
        for number, text in enumerate(lines[index]):
            place = left + width / 2, top + GAP // 2 + CELL + 1 + number * LINE_HEIGHT
            pen.text(place, shorten(text), font=_font(), fill=TEXT, anchor="ma")
    return np.array(sheet)


def fit_into_cell(image: Pixels) -> Pixels:
    """Return the image scaled into the middle of a pale `uint8 (CELL, CELL, 3)`, with its proportions kept."""
    height, width = image.shape[:2]
    scale = CELL / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    cell = Image.new("RGB", (CELL, CELL), FRAME)
    scaled = Image.fromarray(image).resize(size, Image.Resampling.LANCZOS)
    cell.paste(scaled, ((CELL - size[0]) // 2, (CELL - size[1]) // 2))
    return np.array(cell)


def shorten(text: str) -> str:
    """Return the text cut to the width of a cell, with twice as much of its end, where names differ."""
    if _fits(text):
        return text
    # No letter is narrower than two pixels, so longer texts cannot fit.
    for kept in range(min(len(text) - 1, CELL // 2), 0, -1):
        cut = f"{text[: kept // 3]}…{text[kept // 3 - kept :]}"
        if _fits(cut):
            return cut
    return "…"


def distinct_parts(names: Sequence[str]) -> list[str]:
    """Return the names without the leading folders and the trailing suffixes that all of them share."""
    split = [name.split("/") for name in names]
    folders = _shared_start([parts[:-1] for parts in split])
    suffixes = _shared_start([parts[-1].split(".")[:0:-1] for parts in split])
    inner = ["/".join(parts[folders:]) for parts in split]
    return [name.rsplit(".", suffixes)[0] or name for name in inner]


def _shared_start(sequences: Sequence[Sequence[str]]) -> int:
    """Return the length of the common prefix of all sequences."""
    return sum(1 for _ in takewhile(lambda items: len(set(items)) == 1, zip(*sequences, strict=False)))


def _every_other_group(groups: Sequence[object]) -> list[bool]:
    """Return for each image whether its background is shaded, which alternates with the groups."""
    shaded = [True]
    for before, group in pairwise(groups):
        shaded.append(shaded[-1] if group == before else not shaded[-1])
    return shaded


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(FONT_SIZE)


def _fits(text: str) -> bool:
    return _font().getlength(text) <= CELL
