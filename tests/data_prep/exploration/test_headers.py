"""Headers of files: format, size and quality, and what is no image."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agelens.data_prep.core.errors import ImageError
from agelens.data_prep.exploration.headers import read_header


@pytest.mark.parametrize("quality", [10, 40, 75, 95])
def test_quality_is_that_of_the_encoder(tmp_path: Path, quality: int) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(np.zeros((16, 16, 3), dtype=np.uint8)).save(path, quality=quality)
    header = read_header(path)
    assert header.jpeg_quality == pytest.approx(quality, abs=1)
    assert (header.file_format, header.kilobytes) == ("JPEG", path.stat().st_size / 1000)


def test_other_formats_have_no_quality(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.zeros((16, 16, 3), dtype=np.uint8)).save(path)
    assert np.isnan(read_header(path).jpeg_quality)


def test_what_cannot_be_read_has_a_reason(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"text")
    with pytest.raises(ImageError, match="not_an_image"):
        read_header(tmp_path / "a.jpg")
    with pytest.raises(ImageError, match="missing"):
        read_header(tmp_path / "b.jpg")
