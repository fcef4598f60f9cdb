"""Arguments become photographs: files, folders, patterns, addresses and the standard input."""

import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from agelens.data_prep.core.images import encode_jpeg
from agelens.pipeline.prediction.files import expand, open_photographs

JPEG = encode_jpeg(np.zeros((8, 8, 3), dtype=np.uint8))


@pytest.fixture
def album(folder):
    for name in ("album/b.jpg", "album/a.png", "album/deep/c.jpg", "album/notes.txt", "[x].jpg", "x.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names(word):
    return [photo.name for photo in expand(word)]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("x.jpg", ["x.jpg"]),
        ("gone.jpg", ["gone.jpg"]),
        ("album", ["album/a.png", "album/b.jpg", "album/deep/c.jpg"]),
        ("album/*.jpg", ["album/b.jpg"]),
        ("album/**/*.jpg", ["album/b.jpg", "album/deep/c.jpg"]),
        ("alb*", ["album/a.png", "album/b.jpg", "album/deep/c.jpg"]),
        ("album/d*", ["album/deep/c.jpg"]),
        ("[x].jpg", ["[x].jpg"]),  # the file of that name, not the pattern that matches x.jpg
        ("./-rf.jpg", ["-rf.jpg"]),
    ],
)
def test_a_word_is_a_file_a_folder_or_a_pattern(album, word, expected):
    assert names(word) == expected
    assert [photo.error for photo in expand(word)] == [""] * len(expected)


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("*.heic", "missing: no file matches the pattern"),
        ("empty", "no_images: the folder contains no images"),
        ("https://host/photo.jpg?size=1", "address: photographs are read from files; download it"),
        ("s3://bucket/photo.jpg", "address: photographs are read from files; download it"),
    ],
)
def test_a_word_that_names_nothing_has_a_reason(album, word, error):
    (album / "empty").mkdir()
    (photo,) = expand(word)
    assert photo.name == word
    assert photo.error.startswith(error)


def read(monkeypatch, content, *words):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    with open_photographs(words or ["-"]) as (photographs, _):
        return [(photo.name, photo.path.read_bytes() if photo.path.is_file() else None) for photo in photographs]


def test_the_standard_input_can_be_one_image(folder, monkeypatch):
    assert read(monkeypatch, JPEG) == [("-", JPEG)]


def test_the_image_is_removed_afterwards(folder, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(JPEG)))
    with open_photographs(["-"]) as (photographs, _):
        (path,) = [photo.path for photo in photographs]
        assert path.is_file()
    assert not path.parent.exists()


@pytest.mark.parametrize(
    "content",
    [b"x.jpg\nalbum\n", b"x.jpg\r\nalbum\r\n\r\n", b"x.jpg\0album\0", b"x.jpg\nalbum"],
    ids=["lines", "windows", "nul", "no_last_newline"],
)
def test_the_standard_input_can_be_a_list(album, monkeypatch, content):
    assert read(monkeypatch, content) == [(name, b"") for name in ("x.jpg", *names("album"))]


def test_a_list_can_hold_any_name(folder, monkeypatch):
    for name in (b"caf\xe9.jpg", b"two\nlines.jpg", "日.jpg".encode(), b"BM.jpg"):
        Path(os.fsdecode(name)).touch()
    found = read(monkeypatch, "BM.jpg\0two\nlines.jpg\0日.jpg\0".encode() + b"caf\xe9.jpg")
    assert found == [("BM.jpg", b""), ("two\nlines.jpg", b""), ("日.jpg", b""), (r"caf\xe9.jpg", b"")]


def test_other_binary_input_is_one_file_that_cannot_be_read(folder, monkeypatch):
    assert read(monkeypatch, b"\x89\x01\x02 no image") == [("-", b"\x89\x01\x02 no image")]


def test_an_empty_standard_input_has_a_reason(folder, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    with open_photographs(["x.jpg", "-"]) as (photographs, _):
        assert [photo.error for photo in photographs] == ["", "empty_file: 0 bytes on the standard input"]
