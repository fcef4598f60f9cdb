"""`agelens video` on a drawn video of two people, and the outputs that it refuses to replace."""

import csv
import io
import json
import re
import shlex

import cv2
import numpy as np
import pytest

from agelens.data_prep.synthetic.photo import make_detector_examples
from tests.locations import ROOT, SHARED_DATA

pytest.importorskip("trackers", reason="the extra video is not installed")

SIDE = 320
FRAMES = 24


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A video in which a drawn photograph of three people moves to the right."""
    image = [image for image, boxes in make_detector_examples(17, seed=1) if len(boxes) == 3][-1]
    path = tmp_path_factory.mktemp("clip") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 12.0, (SIDE + FRAMES, SIDE))
    for step in range(FRAMES):
        canvas = np.full((SIDE, SIDE + FRAMES, 3), 80, dtype=np.uint8)
        canvas[:, step : step + SIDE] = image[..., ::-1]
        writer.write(canvas)
    writer.release()
    return path


def test_each_person_has_one_age(agelens, folder, clip):
    status, out, _ = agelens("video", str(clip), "--json", "--gender", "--draw", str(folder / "drawn.avi"))
    assert status == 0
    tracks = json.loads(out)["tracks"]
    assert [track["track"] for track in tracks] == [1, 2, 3]
    for track in tracks:
        assert track["frames"] >= FRAMES - 2
        assert 5 <= track["views"] <= FRAMES
        assert track["age_low"] <= track["age"] <= track["age_high"]
        assert track["gender"] in {"female", "male"}
    copy = cv2.VideoCapture(str(folder / "drawn.avi"))
    assert copy.get(cv2.CAP_PROP_FRAME_COUNT) == FRAMES
    assert [path.name for path in folder.iterdir()] == ["drawn.avi"]


def test_the_command_of_the_readme_writes_a_table_and_a_copy(agelens, folder, clip):
    line = re.search(r"^agelens video .*$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert line is not None
    (folder / "clip.mp4").write_bytes(clip.read_bytes())
    _, *words = shlex.split(line[0], comments=True)
    assert agelens(*words)[0] == 0
    rows = list(csv.DictReader(io.StringIO((folder / "people.csv").read_text())))
    assert len(rows) == 3
    assert (folder / "annotated.mp4").stat().st_size > 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--draw", "clip.avi"], "exists; remove it"),
        (["--draw", "copy.txt"], "must end with .mp4 or .avi"),
        (["--draw", "nowhere/copy.mp4"], "There is no folder nowhere"),
        (["--csv", "clip.avi"], "clip.avi"),
    ],
)
def test_no_file_is_replaced(agelens, folder, clip, words, message):
    (folder / "clip.avi").write_bytes(clip.read_bytes())
    status, _, err = agelens("video", "clip.avi", *words)
    assert status == 1
    assert message in err
    assert (folder / "clip.avi").read_bytes() == clip.read_bytes()
    assert [path.name for path in folder.iterdir()] == ["clip.avi"]


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "There is no video at"), (b"no video", "cannot be opened as a video"), (b"", "cannot be opened")],
)
def test_what_is_no_video_is_one_line(agelens, folder, content, message):
    if content is not None:
        (folder / "a.mp4").write_bytes(content)
    status, _, err = agelens("video", "a.mp4")
    assert status == 1
    assert message in err
    assert "Traceback" not in err


def test_a_missing_camera_is_one_line(agelens, folder):
    status, _, err = agelens("webcam", "--camera", "97", "--no-window")
    assert status == 1
    assert "The camera 97 cannot be opened" in err


def test_a_video_without_people_says_so(agelens, folder):
    writer = cv2.VideoWriter("empty.avi", cv2.VideoWriter.fourcc(*"MJPG"), 12.0, (160, 120))
    for _ in range(10):
        writer.write(np.full((120, 160, 3), 80, dtype=np.uint8))
    writer.release()
    status, out, err = agelens("video", "empty.avi", "--csv", "-")
    assert status == 0
    assert out.startswith("track,first_seconds")
    assert "nobody was followed" in err


@pytest.mark.skipif(not (SHARED_DATA / "samples").is_dir(), reason="the sample clips are not there")
def test_people_on_a_real_clip_are_not_mixed(agelens, folder):
    _, out, _ = agelens("video", str(SHARED_DATA / "samples/face-demographics-walking.gif"), "--json")
    assert len(json.loads(out)["tracks"]) == 2
