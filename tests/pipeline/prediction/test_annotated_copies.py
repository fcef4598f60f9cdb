"""Annotated copies never replace a photograph or a foreign file, and a failed copy does not stop the others."""

import os
from pathlib import Path

import numpy as np
import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.images import ImageFile, read_rgb, write_jpeg
from agelens.pipeline.prediction.annotated_copies import AnnotatedCopies, copy_name
from agelens.pipeline.prediction.predict import FilePrediction
from tests.pipeline.prediction.results import face, result


@pytest.fixture
def photo(folder):
    write_jpeg(folder / "a.jpg", np.full((120, 160, 3), 200, dtype=np.uint8))
    return Path("a.jpg")


def write_copy(photo, *, number=1, inputs=()):
    copies = AnnotatedCopies(Path("drawn"), inputs=inputs)
    copies.write(number, result(str(photo)))
    return copies


def names():
    return sorted(path.name for path in Path("drawn").iterdir())


def test_a_copy_is_drawn_and_can_be_drawn_again(photo):
    for _ in range(2):
        copies = write_copy(photo)
        assert (copies.written, copies.failed) == (1, 0)
        assert names() == ["0001_a.jpg"]
    image = read_rgb(Path("drawn/0001_a.jpg"))
    assert image.shape == (120, 160, 3)
    assert np.abs(image.astype(int) - 200).max() > 50


def test_boxes_of_a_photograph_that_is_read_at_half_its_size_are_drawn_there(photo, monkeypatch):
    half = ImageFile(np.full((120, 160, 3), 200, dtype=np.uint8), reduction=2)
    monkeypatch.setattr("agelens.pipeline.prediction.annotated_copies.read_image", lambda _: half)
    copies = AnnotatedCopies(Path("drawn"), inputs=[])
    copies.write(1, FilePrediction(photo, (face((80.0, 120.0, 240.0, 200.0)),)))
    changed = np.abs(read_rgb(Path("drawn/0001_a.jpg")).astype(int) - 200).max(axis=2) > 60
    assert changed[80, 36:45].any()  # the left side, at half of 80
    assert changed[80, 116:125].any()
    assert not changed[102:].any()  # below the box, which ends at half of 200


def test_photographs_without_a_face_have_no_copy(photo):
    copies = AnnotatedCopies(Path("drawn"), inputs=[])
    copies.write(1, result("a.jpg", faces=0, error="no_face: no face was found"))
    assert (copies.written, names()) == (0, [])


@pytest.mark.parametrize("other", ["photograph", "link", "folder"])
def test_a_foreign_file_of_that_name_stays(photo, other):
    place = Path("drawn/0001_a.jpg")
    place.parent.mkdir()
    if other == "photograph":
        write_jpeg(place, np.zeros((8, 8, 3), dtype=np.uint8))
    elif other == "link":
        place.symlink_to("nowhere.jpg")
    else:
        place.mkdir()
    before = os.lstat(place)
    write_copy(photo)
    assert os.path.samestat(os.lstat(place), before)
    assert names() == ["0001_a-2.jpg", "0001_a.jpg"]


def test_an_earlier_copy_that_is_an_input_stays(photo):
    write_copy(photo)
    before = Path("drawn/0001_a.jpg").stat()
    write_copy(photo, inputs=[Path("drawn/0001_a.jpg")])
    assert os.path.samestat(Path("drawn/0001_a.jpg").stat(), before)
    assert "0001_a-2.jpg" in names()


def test_an_earlier_copy_keeps_its_mode_and_its_link(photo):
    write_copy(photo)
    Path("drawn/0001_a.jpg").rename("elsewhere.jpg")
    Path("elsewhere.jpg").chmod(0o600)
    Path("drawn/0001_a.jpg").symlink_to("../elsewhere.jpg")
    write_copy(photo)
    assert Path("drawn/0001_a.jpg").is_symlink()
    assert Path("elsewhere.jpg").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("stem", "cut"), [("x" * 251, "x" * 246), ("日" * 83, "日" * 82), ("short", "short")])
def test_long_names_are_cut_at_a_character(stem, cut):
    assert copy_name(7, stem) == f"0007_{cut}.jpg"
    assert len(os.fsencode(copy_name(7, stem))) <= 255


@pytest.mark.parametrize("folder_name", ["a.jpg", "a.jpg/below", "x" * 256])
def test_a_folder_that_cannot_be_written_is_refused_before_the_first_photograph(photo, folder_name):
    before = photo.read_bytes()
    with pytest.raises(ParamsError, match=r"^--draw takes a folder that can be written to\. Received: "):
        AnnotatedCopies(Path(folder_name), inputs=[photo])
    assert photo.read_bytes() == before


def test_a_failed_copy_is_counted_with_its_reason(photo, monkeypatch):
    copies = AnnotatedCopies(Path("drawn"), inputs=[])
    with monkeypatch.context() as patch:

        def fill_up(*_):
            raise OSError(28, "No space left on device")

        patch.setattr(Path, "write_bytes", fill_up)
        copies.write(1, result("a.jpg"))
        copies.write(2, result("a.jpg"))
    copies.write(3, result("a.jpg"))
    assert (copies.written, names()) == (1, ["0003_a.jpg"])
    assert copies.describe_failed() == (
        "2 annotated photographs could not be written to drawn: No space left on device"
    )
