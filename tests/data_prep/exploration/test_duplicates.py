"""Copies are described from what `resolve_duplicates` leaves."""

from agelens.data_prep.exploration.duplicates import describe_copies, find_copies, list_photos
from agelens.data_prep.splits.dedup import resolve_duplicates
from tests.factories import grouped_table

FILES = ("a/0", "b/1", "a/2", "b/3", "a/4", "b/5")
PHOTOS = ("a/0", "a/0", "a/2", "b/3", "a/2", "b/5")


def copies():
    """Two photos with two files each: one of two sources with ages 20 and 21, one of one source with 30 and 60."""
    table = grouped_table(6, ages=[20.0, 21.0, 30.0, 40.0, 60.0, 50.0], sources=["a", "b"], photos=PHOTOS)
    table = table.assign(image_id=FILES, gender=["male", "female", "male", "male", "male", None])
    kept, rejected = resolve_duplicates(table, max_age_gap=2)
    assert rejected["reason"].tolist() == ["duplicate", "label_conflict", "label_conflict"]
    return find_copies(table.drop(columns=["photo", "group"]), kept, rejected)


def test_files_of_one_photo_keep_the_labels_of_their_sources() -> None:
    found = copies()
    assert found[["image_id", "photo", "age", "conflict"]].to_numpy().tolist() == [
        ["a/0", "a/0", 20.0, False],
        ["b/1", "a/0", 21.0, False],
        ["a/2", "a/2", 30.0, True],
        ["a/4", "a/2", 60.0, True],
    ]


def test_photos_are_listed_with_the_largest_difference_first() -> None:
    photos = list_photos(copies())
    assert photos.drop(columns="ethnicity_differs").to_numpy().tolist() == [
        ["a/2", 2, "a", 30.0, 60.0, 30.0, True, False],
        ["a/0", 2, "a b", 20.0, 21.0, 1.0, False, True],
    ]


def test_figures_by_source() -> None:
    figures = describe_copies(copies(), ["a", "b", "c"])
    assert figures["*"] == {
        "photos": 2,
        "files": 4,
        "conflicts": 1,
        "conflict_files": 2,
        "across_sources": 1,
        "median_gap": 15.5,
        "largest_gap": 30.0,
        "gender_differs": 1,
        "ethnicity_differs": 0,
    }
    assert (figures["b"]["photos"], figures["b"]["files"], figures["b"]["conflicts"]) == (1, 1, 0)
    assert (figures["c"]["photos"], figures["c"]["median_gap"]) == (0, None)
