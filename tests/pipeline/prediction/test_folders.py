"""`agelens predict` on folders, on names that are hard to quote, and on files that are not there."""

import json
import os

import pandas as pd
import pytest

from agelens.data_prep.core.images import write_jpeg


def test_folder_is_searched_deeply_in_the_order_of_names(photos, company, answers):
    write_jpeg(photos / "album/2019/b.jpg", company[0])
    write_jpeg(photos / "album/a.JPG", company[0])
    (photos / "album/notes.txt").write_text("no photograph")
    assert answers("album", "--largest")["path"].tolist() == ["album/2019/b.jpg", "album/a.JPG"]


@pytest.fixture
def mixed(photos, company):
    """Return a folder with a photograph, other files, and a photograph that it does not hold itself."""
    write_jpeg(photos / "mixed/a.jpg", company[0])
    for name in ("deep/b.HEIC", "c.heic", "notes.txt", "README"):
        (photos / "mixed" / name).parent.mkdir(exist_ok=True)
        (photos / "mixed" / name).write_bytes(b"no photograph")
    (photos / "mixed/link.jpg").symlink_to(photos / "company.jpg")
    return "mixed"


LEFT_OUT = (
    "4 files skipped: not images that can be read (",
    "2 .heic",
    "1 .txt",
    "1 without ending",
    "1 file skipped: links that lead out of their folder",
)


def test_what_a_folder_holds_beside_images_is_counted(mixed, predict):
    status, out, err = predict(mixed, "company.jpg")
    assert (status, err) == (0, "")
    assert [words for words in LEFT_OUT if words not in out] == []


def test_what_is_left_out_is_told_beside_json_not_in_it(mixed, predict):
    _, out, err = predict(mixed, "--json")
    assert [json.loads(line)["path"] for line in out.splitlines()] == ["mixed/a.jpg"]
    assert [words for words in LEFT_OUT if words not in err] == []


def test_files_given_by_name_are_not_skipped(photos, predict):
    (photos / "notes.txt").write_text("no photograph")
    out = predict("company.jpg", "notes.txt")[1]
    assert "skipped" not in out
    assert "notes.txt: not_an_image" in out


def test_pictures_that_were_drawn_are_told(photos, predict):
    status, out, _ = predict("company.jpg", "landscape.jpg", "--draw", "drawn")
    assert status == 0
    assert "1 picture with boxes and ages written into drawn" in out
    assert [path.name for path in (photos / "drawn").iterdir()] == ["0001_company.jpg"]


NAMES = ["a;b,c.jpg", "two words.jpg", "ёлка, 'новый' \"год\".jpg", "日本 の写真.jpg"]


MARKUP = [":smiley:.jpg", "[bold] face [2019].jpg"]


@pytest.fixture
def album(photos, company):
    """Return a folder of photographs whose names are hard to quote."""
    for name in NAMES + MARKUP:
        write_jpeg(photos / "album" / name, company[0])
    return "album"


def test_any_name_comes_back_as_it_is(album, answers, predict):
    paths = sorted(f"album/{name}" for name in NAMES + MARKUP)
    assert answers(album, "--largest")["path"].tolist() == paths
    assert [json.loads(line)["path"] for line in predict(album, "--json")[1].splitlines()] == paths


def test_any_name_is_shown_as_it_is(album, predict):
    out = predict(album, "--largest")[1]
    assert [name for name in NAMES if f"album/{name}" not in out] == []


def test_names_are_no_markup(album, predict):
    out = predict(album, "--largest")[1]
    assert [name for name in MARKUP if f"album/{name}" not in out] == []


def test_name_that_is_no_text_does_not_stop_the_rest(photos, company, answers):
    name = os.fsdecode(b"caf\xe9.jpg")  # from a disk that was written in Latin-1
    write_jpeg(photos / name, company[0])
    assert answers(name, "company.jpg", "--largest")["path"].tolist() == [r"caf\xe9.jpg", "company.jpg"]


def test_many_files_are_answered_as_few_are(photos, answers, predict, monkeypatch):
    few = answers(".")
    monkeypatch.setattr("agelens.pipeline.prediction.output.MANY", 1)
    status, _, err = predict(".", "--csv", "many.csv")
    assert status == 0
    assert "reading faces" in err
    pd.testing.assert_frame_equal(pd.read_csv("many.csv"), few)


def test_missing_paths_and_bare_folders_do_not_stop_the_rest(photos, answers):
    (photos / "bare").mkdir()
    table = answers("gone.jpg", "bare", "company.jpg", "--largest")
    assert table["path"].tolist() == ["gone.jpg", "bare", "company.jpg"]
    assert table["error"].tolist()[:2] == ["missing: no such file: gone.jpg", "no_images: the folder holds no images"]
    assert table["age"].notna().tolist() == [False, False, True]


@pytest.mark.parametrize("path", ["gone.jpg", "bare"])
def test_nothing_but_missing_paths_exits_with_1(path, photos, predict):
    (photos / "bare").mkdir()
    status, out, _ = predict(path, "--json")
    assert status == 1
    (answer,) = map(json.loads, out.splitlines())
    assert (answer["path"], answer["faces"], bool(answer["error"])) == (path, [], True)
