"""A JPEG that lacks its end marker is read if all of its pixels are there, and else rejected."""

from typing import Any

import numpy as np
import pytest

from agelens.data_prep.core.errors import ImageError
from agelens.data_prep.core.images import decode_image, decode_rgb
from tests.data_prep.encoded_images import drawn_photo, encoded

# The filter of agelens.data_prep.core.decoding.files, which pytest replaces by its own in every test.
pytestmark = pytest.mark.filterwarnings(r"ignore:::PIL\.")

KINDS = {
    "baseline": {"quality": 90},
    "progressive": {"quality": 90, "progressive": True},
    "restarts": {"quality": 80, "restart_marker_rows": 1},
    "full_colour": {"quality": 95, "subsampling": 0},
}


@pytest.fixture(params=KINDS)
def content(request: pytest.FixtureRequest) -> bytes:
    options: dict[str, Any] = KINDS[request.param]
    found = encoded(drawn_photo(), "JPEG", **options)
    assert found.endswith(b"\xff\xd9")
    return found


@pytest.mark.parametrize("cut", [1, 2])
def test_a_jpeg_without_its_end_marker_has_all_pixels(content: bytes, cut: int) -> None:
    found = decode_image(content[:-cut])
    np.testing.assert_array_equal(found.pixels, decode_rgb(content))
    assert found.notes == ("no_end_marker: the file ends without a marker; its pixels are complete",)


@pytest.mark.parametrize("cut", [3, 4, 5, 10, 40])
def test_a_jpeg_that_lacks_data_too_is_truncated(content: bytes, cut: int) -> None:
    with pytest.raises(ImageError, match=r"^truncated"):
        decode_rgb(content[:-cut])


def test_a_progressive_jpeg_that_lacks_its_last_scans_is_truncated() -> None:
    content = encoded(drawn_photo(), "JPEG", progressive=True)
    scans = [place for place in range(len(content) - 1) if content[place : place + 2] == b"\xff\xda"]
    assert len(scans) > 3
    for place in scans[1:]:
        with pytest.raises(ImageError, match=r"^truncated"):
            decode_rgb(content[:place])


def test_a_reduced_jpeg_without_its_end_marker_stays_reduced() -> None:
    content = encoded(drawn_photo(200, 240), "JPEG")
    found = decode_image(content[:-2], max_pixels=20_000, reduce=True)
    assert (found.pixels.shape, found.reduction) == ((100, 120, 3), 2)
    assert [note.partition(":")[0] for note in found.notes] == ["no_end_marker", "reduced"]
