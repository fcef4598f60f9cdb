"""The synthetic data set: files, labels and defects; faces, photographs and boxes."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from agelens.data_prep.core.boxes import box_areas
from agelens.data_prep.core.errors import DataError, ImageError
from agelens.data_prep.core.images import read_rgb
from agelens.data_prep.synthetic.collection import RARE_AGES, spread_ages, write_synthetic
from agelens.data_prep.synthetic.person import Person, face_at, sample_person
from agelens.data_prep.synthetic.photo import draw_photo, make_detector_examples

COUNT = 24
SIZE = 96


def _digests(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw") / "synthetic"
    write_synthetic(folder, count=COUNT, seed=3, size=SIZE)
    return folder


@pytest.fixture(scope="module")
def labels(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "labels.csv")


def _portraits(labels: pd.DataFrame) -> pd.DataFrame:
    return labels[labels["subject"].str.fullmatch(r"p\d+")]


def test_every_listed_file_exists_and_every_file_is_listed(folder: Path, labels: pd.DataFrame):
    found = {path.relative_to(folder).as_posix() for path in (folder / "images").rglob("*.jpg")}
    assert list(labels.columns) == ["path", "age", "gender", "subject"]
    assert found == set(labels["path"])
    assert labels["path"].is_unique


def test_files_are_in_the_folder_of_their_subject(labels: pd.DataFrame):
    for path, subject in zip(labels["path"], labels["subject"], strict=True):
        assert path.startswith(f"images/{subject}/{subject}_")


def test_each_person_except_the_last_has_two_or_three_portraits(folder: Path, labels: pd.DataFrame):
    portraits = _portraits(labels)
    assert len(portraits) == COUNT + 4  # one exact copy, one smaller, two conflicting
    assert portraits.groupby("subject").size().iloc[:-1].between(2, 3 + 4).all()
    assert portraits.groupby("subject")["gender"].nunique().eq(1).all()


def test_copies_are_exact_smaller_and_conflicting(folder: Path, labels: pd.DataFrame):
    portraits = _portraits(labels).assign(
        digest=[hashlib.sha256((folder / path).read_bytes()).hexdigest() for path in _portraits(labels)["path"]],
        width=[read_rgb(folder / path).shape[1] for path in _portraits(labels)["path"]],
    )
    same = portraits.groupby("digest").filter(lambda rows: len(rows) == 2).groupby("digest")
    years = sorted(same["age"].max() - same["age"].min())
    assert years == [0, 9, 9]
    assert same["subject"].nunique().eq(1).all()
    assert portraits["width"].value_counts().to_dict() == {SIZE: COUNT + 3, round(0.8 * SIZE): 1}


@pytest.mark.parametrize(
    ("subject", "reason"), [("empty", "empty_file"), ("truncated", "truncated"), ("text", "not_an_image")]
)
def test_unusable_files_have_the_expected_reason(folder: Path, subject: str, reason: str):
    with pytest.raises(ImageError) as caught:
        read_rgb(folder / f"images/{subject}/{subject}_0.jpg")
    assert caught.value.reason == reason


def test_the_landscape_can_be_read(folder: Path):
    assert read_rgb(folder / "images/nobody/nobody_0.jpg").shape == (SIZE, SIZE, 3)


def test_the_bytes_depend_only_on_the_seed(folder: Path, tmp_path: Path):
    write_synthetic(tmp_path / "again", count=COUNT, seed=3, size=SIZE)
    write_synthetic(tmp_path / "other", count=COUNT, seed=4, size=SIZE)
    assert _digests(tmp_path / "again") == _digests(folder)
    assert _digests(tmp_path / "other")["images/p00000/p00000_0.jpg"] != _digests(folder)["images/p00000/p00000_0.jpg"]


def test_a_synthetic_data_set_is_replaced(tmp_path: Path):
    folder = tmp_path / "set"
    write_synthetic(folder, count=20, seed=1, size=32)
    write_synthetic(folder, count=10, seed=1, size=32)
    assert json.loads((folder / "synthetic.json").read_text()) == {"count": 10, "seed": 1, "size": 32}
    assert len(list(folder.rglob("*.jpg"))) == 10 + 4 + 4
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_folder_with_other_content_is_rejected_and_kept(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(DataError, match="has other content: move it"):
        write_synthetic(tmp_path, count=10, seed=1, size=32)
    assert (tmp_path / "mine.txt").read_text() == "keep me"


def test_after_an_interruption_nothing_is_left(tmp_path: Path):
    def interrupt(done: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_synthetic(tmp_path / "set", count=20, seed=1, size=32, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_progress_counts_every_portrait(tmp_path: Path):
    seen: list[int] = []
    write_synthetic(tmp_path / "set", count=11, seed=1, size=32, progress=seen.append)
    assert seen == list(range(1, 12))


def test_too_few_portraits_are_rejected(tmp_path: Path):
    with pytest.raises(DataError, match="at least 10"):
        write_synthetic(tmp_path / "set", count=9, seed=1)


def test_ages_are_uniform_except_for_the_rare_ones():
    ages = spread_ages(91 * 40, rng=np.random.default_rng(0))
    counts = np.bincount(ages, minlength=91)
    common = np.setdiff1d(np.arange(91), [*RARE_AGES, *(age + 1 for age in RARE_AGES)])
    assert counts.sum() == 91 * 40
    assert (counts[common] == 40).all()
    assert (counts[list(RARE_AGES)] < 12).all()


def test_a_small_data_set_covers_the_range_of_ages():
    ages = spread_ages(10, rng=np.random.default_rng(0))
    assert (ages.min(), ages.max()) == (0, 81)


@pytest.mark.parametrize("size", [64, 97, 320])
def test_a_photograph_has_the_given_size_and_one_box(size: int):
    rng = np.random.default_rng(size)
    image, boxes = draw_photo(sample_person(rng), age=33, rng=rng, size=size)
    assert image.dtype == np.uint8
    assert image.shape == (size, size, 3)
    assert boxes.shape == (1, 4)
    assert boxes.min() >= 0
    assert boxes.max() <= size
    assert box_areas(boxes)[0] > (0.2 * size) ** 2


def test_a_face_takes_30_to_85_percent_of_the_height():
    heights = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        _, boxes = draw_photo(sample_person(rng), age=float(rng.uniform(0, 90)), rng=rng, size=64)
        heights.append((boxes[0, 3] - boxes[0, 1]) / 64)
    assert 0.28 < min(heights) < 0.5
    assert 0.65 < max(heights) < 0.95


def test_the_box_is_on_the_face():
    # The middle of the box must have the hue of dark skin, more red than blue, on any background.
    person = Person(skin=(198, 146, 106), hair=(28, 24, 24), eyes=(62, 38, 24), gender="female", hair_style="short")
    for seed in range(20):
        image, boxes = draw_photo(person, age=25, rng=np.random.default_rng(seed), size=96)
        x1, y1, x2, y2 = boxes[0]
        cheek = image[round(y1 + 0.62 * (y2 - y1)) - 2 :, round((x1 + x2) / 2) - 2 :][:4, :4].mean(axis=(0, 1))
        assert cheek[0] > cheek[1] > cheek[2], seed


def test_old_foreheads_have_more_texture_than_young_ones():
    person = Person(skin=(198, 146, 106), hair=(28, 24, 24), eyes=(62, 38, 24), gender="female", hair_style="bun")

    def roughness(age: float) -> float:
        values = []
        for seed in range(15):
            image, boxes = draw_photo(person, age=age, rng=np.random.default_rng(seed), size=160)
            x1, y1, x2, y2 = boxes[0].astype(int)
            grey = cv2.cvtColor(cv2.resize(image[y1:y2, x1:x2], (64, 64)), cv2.COLOR_RGB2GRAY)
            values.append(np.abs(cv2.Laplacian(grey, cv2.CV_64F)[8:16, 20:44]).mean())
        return float(np.median(values))

    assert roughness(85) > 2 * roughness(25)


@pytest.mark.parametrize("seed", range(4))
def test_faces_change_monotonically_with_age(seed: int):
    person = sample_person(np.random.default_rng(seed))
    ages = [0, 1, 2, 4, 7, 11, 15, 19, 28, 36, 45, 54, 63, 72, 81, 90]
    faces = [face_at(person, age) for age in ages]
    assert all(np.diff([face.growth for face in faces[:8]]) > 0)
    assert all(np.diff([face.wrinkles for face in faces[8:]]) > 0)
    assert all(np.diff([face.grey for face in faces]) > 0)
    assert all(np.diff([face.ear for face in faces]) >= 0)
    assert faces[0].eye_y > faces[7].eye_y  # a baby's eyes are low


def test_the_face_at_an_age_is_deterministic():
    first, second = (face_at(sample_person(np.random.default_rng(5)), 40.0) for _ in range(2))
    assert first.skin == second.skin
    np.testing.assert_array_equal(first.outline, second.outline)


def test_detector_examples_have_up_to_three_boxes_in_the_image():
    examples = list(make_detector_examples(120, seed=2, size=64))
    counts = np.bincount([len(boxes) for _, boxes in examples], minlength=4)
    assert len(examples) == 120
    assert len(counts) == 4
    assert (counts > 0).all()
    assert counts[0] < 15
    for image, boxes in examples:
        assert image.shape == (64, 64, 3)
        assert boxes.shape == (len(boxes), 4)
        assert (boxes[:, 2:] > boxes[:, :2]).all()
        assert ((boxes >= 0) & (boxes <= 64)).all()


def test_an_example_depends_only_on_seed_and_index():
    short = list(make_detector_examples(2, seed=9, size=64))
    long = list(make_detector_examples(4, seed=9, size=64))
    for (image, boxes), (again, boxes_again) in zip(short, long, strict=False):
        np.testing.assert_array_equal(image, again)
        np.testing.assert_array_equal(boxes, boxes_again)
