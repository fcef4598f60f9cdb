"""Contact sheets: cells, captions and backgrounds."""

import numpy as np
import pytest

from agelens.data_prep.core.errors import DataError
from agelens.pipeline.contact_sheets.sheet import (
    CELL,
    GAP,
    LINE_HEIGHT,
    distinct_parts,
    draw_contact_sheet,
    fit_into_cell,
    shorten,
)

RED, GREEN, BLUE = (200, 0, 0), (0, 200, 0), (0, 0, 200)
PITCH = CELL + GAP
"""From one column to the next."""


def plain(color: tuple[int, int, int], *, height: int = 96, width: int = 96) -> np.ndarray:
    return np.full((height, width, 3), color, dtype=np.uint8)


def is_color(image: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    return (image == color).all(axis=2)


def test_images_of_any_size_fill_one_cell_each() -> None:
    sheet = draw_contact_sheet(
        [plain(RED), plain(GREEN, height=224, width=224), plain(BLUE, height=40, width=40)], ["", "", ""], columns=2
    )
    assert sheet.dtype == np.uint8
    assert sheet.shape == (2 * (PITCH + LINE_HEIGHT), 2 * PITCH, 3)
    for color, row, column in ((RED, 0, 0), (GREEN, 0, 1), (BLUE, 1, 0)):
        top, left = row * (PITCH + LINE_HEIGHT) + GAP // 2, column * PITCH + GAP // 2
        assert is_color(sheet[top : top + CELL, left : left + CELL], color).all()
        assert is_color(sheet, color).sum() == CELL**2


def test_sheet_is_no_wider_than_its_images() -> None:
    assert draw_contact_sheet([plain(RED)] * 3, ["a\nb"] * 3).shape == (PITCH + 2 * LINE_HEIGHT, 3 * PITCH, 3)


def test_captions_stay_below_their_image() -> None:
    bare, captioned = (
        draw_contact_sheet([plain(RED)] * 2, ["", caption]) for caption in ("", "a name much too long for one cell")
    )
    rows, columns = np.nonzero((bare != captioned).any(axis=2))
    assert rows.min() >= GAP // 2 + CELL
    assert columns.min() >= PITCH
    assert columns.max() < 2 * PITCH


def test_neighbours_of_one_group_share_a_background() -> None:
    sheet = draw_contact_sheet([plain(RED)] * 5, [""] * 5, groups=[1, 1, 2, 2, 3])
    backgrounds = [tuple(sheet[0, column * PITCH]) for column in range(5)]
    assert backgrounds[0] == backgrounds[1] == backgrounds[4]
    assert backgrounds[2] == backgrounds[3] == (255, 255, 255)
    assert backgrounds[0] != backgrounds[2]


@pytest.mark.parametrize(("images", "captions"), [([], []), ([plain(RED)], [])])
def test_sheet_needs_a_caption_for_each_image(images: list[np.ndarray], captions: list[str]) -> None:
    with pytest.raises(DataError, match="caption for each"):
        draw_contact_sheet(images, captions)


@pytest.mark.parametrize(
    ("height", "width", "area"),
    [
        pytest.param(50, 50, CELL * CELL, id="square"),
        pytest.param(100, 400, CELL * CELL // 4, id="wide"),
        pytest.param(400, 200, CELL * CELL // 2, id="tall"),
        pytest.param(1, 1000, CELL, id="line"),
    ],
)
def test_whole_image_is_scaled_into_the_cell(height: int, width: int, area: int) -> None:
    cell = fit_into_cell(plain(RED, height=height, width=width))
    assert cell.shape == (CELL, CELL, 3)
    assert is_color(cell, RED).sum() == area


def test_short_text_is_kept() -> None:
    assert shorten("age 34") == "age 34"


def test_long_text_keeps_both_ends_and_more_of_the_last() -> None:
    short = shorten("part1/23_1_0_20170103180703224.jpg")
    start, end = short.split("…")
    assert "part1/23_1_0_20170103180703224.jpg".startswith(start)
    assert "part1/23_1_0_20170103180703224.jpg".endswith(end)
    assert 2 * len(start) <= len(end)
    assert len(short) > 12


@pytest.mark.parametrize("text", ["W" * 5000, "W" * 12, "i" * 5000, "\udce9" * 100], ids=len)
def test_long_text_fits_and_fills_the_cell(text: str) -> None:
    short = shorten(text)
    assert shorten(short) == short
    assert 6 < len(short) < 70


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        pytest.param(
            ["made/images/p1/p1_0.jpg", "made/images/p2/p2_3.jpg"], ["p1/p1_0", "p2/p2_3"], id="folders, suffix"
        ),
        pytest.param(["u/23_1.jpg.chip.jpg", "u/24_1.jpg.chip.jpg"], ["23_1", "24_1"], id="several suffixes"),
        pytest.param(["a/x.jpg", "b/x.png"], ["a/x.jpg", "b/x.png"], id="nothing in common"),
        pytest.param(["a/x1.jpg", "a/x1.jpg"], ["x1", "x1"], id="equal"),
        pytest.param(["a.b/one.jpg"], ["one"], id="single"),
        pytest.param(["a/.jpg", "a/x.jpg"], [".jpg", "x"], id="nothing left"),
        pytest.param([], [], id="none"),
    ],
)
def test_shared_folders_and_suffixes_are_left_out(names: list[str], parts: list[str]) -> None:
    assert distinct_parts(names) == parts
