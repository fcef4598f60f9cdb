"""Where `--csv` may write: never over a photograph or a foreign file; through links, pipes and devices."""

import os
import stat
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.prediction.targets import open_table

HEADER = "path,face"


@contextmanager
def opened(path, inputs=()):
    target = open_table(Path(path), header=HEADER, inputs=inputs)
    try:
        yield target
    finally:
        os.close(target.descriptor)


def refusal(path, inputs=()):
    with pytest.raises(ParamsError) as caught:
        open_table(Path(path), header=HEADER, inputs=inputs)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("--csv takes one name")
    return str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xd8\xff\xe0 photograph", b"name,price\na,1\n", b"pat", b"old\n"])
def test_a_file_that_is_no_table_of_ours_is_refused(folder, content):
    (folder / "mine.csv").write_bytes(content)
    assert "no table that agelens wrote" in refusal("mine.csv")
    assert (folder / "mine.csv").read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"path,face,x1\na.jpg,1,2\n", b"\xef\xbb\xbfpath,face\n"])
def test_an_empty_file_and_an_earlier_table_are_opened_unchanged(folder, content):
    (folder / "faces.csv").write_bytes(content)
    with opened("faces.csv") as target:
        assert (target.kind, target.created) == ("file", False)
    assert (folder / "faces.csv").read_bytes() == content


@pytest.mark.parametrize("name", ["photo.csv", "link.csv", "hard.csv", "sub/../photo.csv"])
def test_an_input_is_never_a_target_by_any_name(folder, name):
    (folder / "sub").mkdir()
    (folder / "photo.csv").write_text(HEADER)  # even one that begins like a table
    (folder / "link.csv").symlink_to("photo.csv")
    os.link("photo.csv", "hard.csv")
    assert "is one of the photographs" in refusal(name, [folder / "gone.jpg", folder / "photo.csv"])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("folder", "is a folder"),
        ("file/below.csv", "Not a directory"),
        ("x" * 256, "File name too long"),
        ("loop", "symbolic links"),
        ("new.JPG", "has the name of a photograph"),
        ("nul\0", "null "),
    ],
)
def test_places_that_cannot_be_written_are_refused(folder, name, reason):
    (folder / "folder").mkdir()
    (folder / "file").touch()
    (folder / "loop").symlink_to("loop")
    assert reason in refusal(name)


def test_missing_folders_are_created(folder):
    with opened("new/deep/faces.csv") as target:
        assert target.created
    assert (folder / "new/deep/faces.csv").is_file()


def test_a_link_to_a_new_file_creates_that_file(folder):
    (folder / "link.csv").symlink_to("sub/real.csv")
    with opened("link.csv") as target:
        os.write(target.descriptor, b"x")
    assert (folder / "link.csv").is_symlink()
    assert (folder / "sub/real.csv").read_bytes() == b"x"


def test_a_device_is_written_to(folder):
    (folder / "nothing").symlink_to("/dev/null")
    with opened("nothing") as target:
        assert target.kind == "stream"
        assert stat.S_ISCHR(os.fstat(target.descriptor).st_mode)
    assert (folder / "nothing").is_symlink()


@pytest.mark.parametrize("reader", ["first", "later"])
def test_a_pipe_is_written_to_and_stays_a_pipe(folder, reader, capfd):
    os.mkfifo("pipe")
    read = []
    thread = threading.Thread(target=lambda: read.append(Path("pipe").read_bytes()))
    if reader == "first":
        descriptor = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    else:
        thread.start()
    with opened("pipe") as target:
        assert target.kind == "stream"
        assert os.get_blocking(target.descriptor)
        os.write(target.descriptor, b"rows")
        if reader == "first":
            read.append(os.read(descriptor, 10))
            os.close(descriptor)
    if reader == "later":
        thread.join()
    assert read == [b"rows"]
    assert stat.S_ISFIFO(Path("pipe").stat().st_mode)


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1"])
def test_the_standard_output_is_used_as_it_is(folder, name, capfd):
    os.write(1, b"before ")  # pytest has redirected it to a file, which opening it again would overwrite
    with opened(name) as target:
        assert target.kind == "stdout"
        os.write(target.descriptor, b"rows")
    assert capfd.readouterr().out == "before rows"
