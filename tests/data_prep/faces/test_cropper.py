"""Crops of one image and of one batch, and the room that all threads share."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.faces.cropper import FaceCropper, PixelBudget, crop_name
from agelens.data_prep.faces.detector import Detections
from tests.data_prep.albums import FakeDetector, KilledError, crop, make_manifest, make_plan, write_photo

pytestmark = pytest.mark.usefixtures("batches_of_four")


class Watched(PixelBudget):
    """Remembers the most that was ever held."""

    peak = 0

    def take(self, pixels: int, *, wait: bool) -> bool:
        taken = super().take(pixels, wait=wait)
        self.peak = max(self.peak, self._taken)
        return taken


def test_a_detector_is_never_asked_about_nothing(tmp_path: Path) -> None:
    paths = [tmp_path / "album" / f"{number}.png" for number in range(6)]
    _, rejected = crop(make_manifest(paths), FakeDetector(dies_after=0), tmp_path / "crops")
    assert rejected.count(b",missing,") == 6


def test_a_detector_that_loses_an_image_is_not_believed(manifest: pd.DataFrame, tmp_path: Path) -> None:
    class Forgetful(FakeDetector):
        def detect(self, images: Sequence[Pixels]) -> list[Detections]:
            return super().detect(images)[1:]

    with pytest.raises(ValueError, match="zip"):
        crop(manifest, Forgetful(), tmp_path)


def test_images_that_do_not_fit_into_the_room_come_later(tmp_path: Path) -> None:
    sizes = [(20, 50), (20, 50), (20, 50), (100, 100), (10, 10), (10, 10), (10, 10)]
    paths = [tmp_path / "album" / f"{number}.png" for number in range(len(sizes))]
    for number, (path, size) in enumerate(zip(paths, sizes, strict=True)):
        write_photo(path, number, size=size)
    detector = FakeDetector()
    cropper = FaceCropper(make_plan(detector), budget=PixelBudget(2_500))
    outcomes = cropper.crop([{"image_id": path.name, "source": "album", "path": str(path)} for path in paths])
    assert detector.chunks == [[0, 1], [2], [3], [4, 5, 6]]
    assert [outcome.image_id for outcome in outcomes] == [path.name for path in paths]


def test_threads_together_hold_no_more_than_there_is_room_for(tmp_path: Path) -> None:
    paths = [tmp_path / "album" / f"{number}.png" for number in range(40)]
    for number, path in enumerate(paths):
        write_photo(path, number)
    budget = Watched(3 * 32 * 40)
    cropper = FaceCropper(make_plan(FakeDetector(pause_seconds=0.001)), budget=budget)
    rows = [{"image_id": path.name, "source": "album", "path": str(path)} for path in paths]
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda start: cropper.crop(rows[start : start + 5]), range(0, 40, 5)))
    assert sum(map(len, outcomes)) == 40
    assert 0 < budget.peak <= budget.most
    assert budget.take(budget.most, wait=False)  # all was given back


def test_room_is_given_back_where_a_detector_fails(tmp_path: Path) -> None:
    write_photo(tmp_path / "album" / "1.png", 1)
    budget = PixelBudget(10_000)
    cropper = FaceCropper(make_plan(FakeDetector(dies_after=0)), budget=budget)
    with pytest.raises(KilledError):
        cropper.crop([{"image_id": "1", "source": "album", "path": str(tmp_path / "album" / "1.png")}])
    assert budget.take(10_000, wait=False)


def test_an_image_larger_than_all_the_room_goes_alone() -> None:
    budget = PixelBudget(100)
    assert budget.take(500, wait=True)
    assert not budget.take(1, wait=False)
    budget.give(500)
    assert budget.take(1, wait=False)


def test_names_of_crops_are_plain_and_differ() -> None:
    names = ["a/1.jpg", "a/2.jpg", "a/../1.jpg", "a/ 人物\n.jpg", "a/\udce9.jpg"]
    crops = [crop_name(name, source="a") for name in names]
    assert len(set(crops)) == len(names)
    assert crops[0] == crop_name("a/1.jpg", source="a")
    for name in crops:
        source, folder, file = name.split("/")
        assert (source, folder, len(file)) == ("a", file[:2], 24)
        assert file.removesuffix(".jpg").isalnum()
