"""`agelens predict` on folders, on names that are hard to quote, and on missing files."""

import json
import os

import pandas as pd
import pytest

from agelens.data_prep.core.images import write_jpeg


def test_folder_is_searched_recursively_in_the_order_of_names(photos, company, table_of):
    write_jpeg(photos / "album/2019/b.jpg", company[0])
    write_jpeg(photos / "album/a.JPG", company[0])
    (photos / "album/notes.txt").write_text("no photograph")
    assert table_of("album", "--largest")["path"].tolist() == ["album/2019/b.jpg", "album/a.JPG"]


@pytest.fixture
def mixed(photos, company):
    """Return a folder with a photograph, other files, and a link to a photograph outside of it."""
    write_jpeg(photos / "mixed/a.jpg", company[0])
    for name in ("deep/b.MOV", "c.mov", "notes.txt", "README"):
        (photos / "mixed" / name).parent.mkdir(exist_ok=True)
        (photos / "mixed" / name).write_bytes(b"no photograph")
    (photos / "mixed/link.jpg").symlink_to(photos / "company.jpg")
    return "mixed"


SKIPPED = (
    "skipped 4 files that cannot be read as images (",
    "2 .mov",
    "1 .txt",
    "1 without suffix",
    "skipped 1 link to files outside of the folder",
)


def test_skipped_files_of_a_folder_are_counted(mixed, predict):
    status, out, err = predict(mixed, "company.jpg")
    assert (status, err) == (0, "")
    assert [words for words in SKIPPED if words not in out] == []


def test_skipped_files_are_reported_on_stderr_with_json(mixed, predict):
    _, out, err = predict(mixed, "--json")
    assert [json.loads(line)["path"] for line in out.splitlines()] == ["mixed/a.jpg"]
    assert [words for words in SKIPPED if words not in err] == []


def test_files_given_by_name_are_not_skipped(photos, predict):
    (photos / "notes.txt").write_text("no photograph")
    out = predict("company.jpg", "notes.txt")[1]
    assert "skipped" not in out
    assert "notes.txt: not_an_image" in out


def test_number_of_annotated_photographs_is_reported(photos, predict):
    status, out, _ = predict("company.jpg", "landscape.jpg", "--draw", "drawn")
    assert status == 0
    assert "1 annotated photograph written to drawn" in out
    assert [path.name for path in (photos / "drawn").iterdir()] == ["0001_company.jpg"]


NAMES = ["a;b,c.jpg", "two words.jpg", "ёлка, 'новый' \"год\".jpg", "日本 の写真.jpg"]


MARKUP = [":smiley:.jpg", "[bold] face [2019].jpg"]


@pytest.fixture
def album(photos, company):
    """Return a folder of photographs whose names are hard to quote."""
    for name in NAMES + MARKUP:
        write_jpeg(photos / "album" / name, company[0])
    return "album"


def test_any_name_is_unchanged_in_csv_and_json(album, table_of, predict):
    paths = sorted(f"album/{name}" for name in NAMES + MARKUP)
    assert table_of(album, "--largest")["path"].tolist() == paths
    assert [json.loads(line)["path"] for line in predict(album, "--json")[1].splitlines()] == paths


def test_any_name_is_unchanged_in_the_table(album, predict):
    out = predict(album, "--largest")[1]
    assert [name for name in NAMES if f"album/{name}" not in out] == []


def test_names_are_not_read_as_markup(album, predict):
    out = predict(album, "--largest")[1]
    assert [name for name in MARKUP if f"album/{name}" not in out] == []


def test_name_that_is_not_utf8_does_not_stop_the_others(photos, company, table_of):
    name = os.fsdecode(b"caf\xe9.jpg")  # from a disk that was written in Latin-1
    write_jpeg(photos / name, company[0])
    assert table_of(name, "company.jpg", "--largest")["path"].tolist() == [r"caf\xe9.jpg", "company.jpg"]


def test_progress_bar_does_not_change_the_predictions(photos, table_of, predict, monkeypatch):
    few = table_of(".")
    monkeypatch.setattr("agelens.pipeline.prediction.output.MANY", 1)
    status, _, err = predict(".", "--csv", "many.csv")
    assert status == 0
    assert "predicting ages" in err
    pd.testing.assert_frame_equal(pd.read_csv("many.csv"), few)


def test_missing_files_and_empty_folders_do_not_stop_the_others(photos, table_of):
    (photos / "bare").mkdir()
    table = table_of("gone.jpg", "bare", "company.jpg", "--largest")
    assert table["path"].tolist() == ["gone.jpg", "bare", "company.jpg"]
    assert table["error"].tolist()[:2] == [
        "missing: no such file: gone.jpg",
        "no_images: the folder contains no images",
    ]
    assert table["age"].notna().tolist() == [False, False, True]


@pytest.mark.parametrize("path", ["gone.jpg", "bare"])
def test_exit_status_is_1_if_nothing_can_be_read(path, photos, predict):
    (photos / "bare").mkdir()
    status, out, _ = predict(path, "--json")
    assert status == 1
    (answer,) = map(json.loads, out.splitlines())
    assert (answer["path"], answer["faces"], bool(answer["error"])) == (path, [], True)
