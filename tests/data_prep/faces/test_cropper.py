"""Crops of single images and batches, and the memory that all threads share."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.core.pixel_budget import PixelBudget
from agelens.data_prep.faces.cropper import FaceCropper, crop_name
from agelens.data_prep.faces.detector import Detections
from tests.data_prep.fake_photos import FakeDetector, InterruptionError, crop, make_manifest, make_plan, write_photo

pytestmark = pytest.mark.usefixtures("batches_of_four")


class RecordingBudget(PixelBudget):
    """Records the maximum number of pixels in use."""

    peak = 0

    def acquire(self, pixels: int, *, wait: bool) -> bool:
        acquired = super().acquire(pixels, wait=wait)
        self.peak = max(self.peak, self._used)
        return acquired


def test_the_detector_is_not_called_without_images(tmp_path: Path) -> None:
    paths = [tmp_path / "album" / f"{number}.png" for number in range(6)]
    _, rejected = crop(make_manifest(paths), FakeDetector(fails_after=0), tmp_path / "crops")
    assert rejected.count(b",missing,") == 6


def test_a_detector_with_too_few_results_is_an_error(manifest: pd.DataFrame, tmp_path: Path) -> None:
    class IncompleteDetector(FakeDetector):
        def detect(self, images: Sequence[Pixels]) -> list[Detections]:
            return super().detect(images)[1:]

    with pytest.raises(ValueError, match="zip"):
        crop(manifest, IncompleteDetector(), tmp_path)


def test_images_that_exceed_the_budget_are_processed_later(tmp_path: Path) -> None:
    sizes = [(20, 50), (20, 50), (20, 50), (100, 100), (10, 10), (10, 10), (10, 10)]
    paths = [tmp_path / "album" / f"{number}.png" for number in range(len(sizes))]
    for number, (path, size) in enumerate(zip(paths, sizes, strict=True)):
        write_photo(path, number, size=size)
    detector = FakeDetector()
    cropper = FaceCropper(make_plan(detector), budget=PixelBudget(2_500))
    outcomes = cropper.crop([{"image_id": path.name, "source": "album", "path": str(path)} for path in paths])
    assert detector.chunks == [[0, 1], [2], [3], [4, 5, 6]]
    assert [outcome.image_id for outcome in outcomes] == [path.name for path in paths]


def test_all_threads_together_stay_within_the_budget(tmp_path: Path) -> None:
    paths = [tmp_path / "album" / f"{number}.png" for number in range(40)]
    for number, path in enumerate(paths):
        write_photo(path, number)
    budget = RecordingBudget(3 * 32 * 40)
    cropper = FaceCropper(make_plan(FakeDetector(pause_seconds=0.001)), budget=budget)
    rows = [{"image_id": path.name, "source": "album", "path": str(path)} for path in paths]
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda start: cropper.crop(rows[start : start + 5]), range(0, 40, 5)))
    assert sum(map(len, outcomes)) == 40
    assert 0 < budget.peak <= budget.limit
    assert budget.acquire(budget.limit, wait=False)  # everything was released


def test_the_budget_is_released_after_an_error(tmp_path: Path) -> None:
    write_photo(tmp_path / "album" / "1.png", 1)
    budget = PixelBudget(10_000)
    cropper = FaceCropper(make_plan(FakeDetector(fails_after=0)), budget=budget)
    with pytest.raises(InterruptionError):
        cropper.crop([{"image_id": "1", "source": "album", "path": str(tmp_path / "album" / "1.png")}])
    assert budget.acquire(10_000, wait=False)


def test_an_image_larger_than_the_budget_is_admitted_without_others() -> None:
    budget = PixelBudget(100)
    assert budget.acquire(500, wait=True)
    assert not budget.acquire(1, wait=False)
    budget.release(500)
    assert budget.acquire(1, wait=False)


def test_names_of_crops_are_alphanumeric_and_unique() -> None:
    names = ["a/1.jpg", "a/2.jpg", "a/../1.jpg", "a/ 人物\n.jpg", "a/\udce9.jpg"]
    crops = [crop_name(name, source="a") for name in names]
    assert len(set(crops)) == len(names)
    assert crops[0] == crop_name("a/1.jpg", source="a")
    for name in crops:
        source, folder, file = name.split("/")
        assert (source, folder, len(file)) == ("a", file[:2], 24)
        assert file.removesuffix(".jpg").isalnum()
