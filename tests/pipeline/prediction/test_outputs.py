"""`agelens predict` loses nothing: files, answers and finished work stay whatever fails."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from agelens.data_prep.core.images import decode_image
from agelens.pipeline.prediction import output

FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


def test_a_photograph_is_not_replaced_by_a_table(photos, predict):
    before = (photos / "company.jpg").read_bytes()
    status, out, err = predict("--csv", "company.jpg", "landscape.jpg")  # the shell's answer to --csv *.jpg
    assert (status, out) == (1, "")
    assert err.count("\n") == 1
    assert "company.jpg exists and is no table" in err
    assert (photos / "company.jpg").read_bytes() == before


@FULL
def test_a_full_disk_is_one_line_and_the_answers_are_printed(photos, predict):
    status, out, err = predict("company.jpg", "--csv", "/dev/full")
    assert status == 1
    assert out.count("company.jpg") == 3
    assert err == "agelens: /dev/full could not be written at all: No space left on device\n"


def test_a_table_on_the_standard_output_has_nothing_beside_it(photos, predict):
    status, out, err = predict("company.jpg", "landscape.jpg", "--csv", "-")
    assert status == 0
    assert pd.read_csv(io.StringIO(out))["path"].tolist() == ["company.jpg"] * 3 + ["landscape.jpg"]
    assert "landscape.jpg: no_face" in err


def test_a_long_name_does_not_stop_the_copy(photos, predict):
    name = f"{'x' * 250}.jpg"
    (photos / "company.jpg").rename(name)
    status, out, err = predict(name, "--draw", "drawn")
    assert (status, err) == (0, "")
    assert "1 annotated photograph written to drawn" in out


def test_copies_that_fail_are_one_line_and_the_answers_are_printed(photos, predict, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("agelens.pipeline.prediction.annotated_copies.draw_faces", fail)
    status, out, err = predict("company.jpg", "--draw", "drawn")
    assert status == 1
    assert out.count("company.jpg") == 3
    assert err == "agelens: 1 annotated photograph could not be written to drawn: No space left on device\n"


def interrupted_after(count, monkeypatch):
    """Let Ctrl-C come while a photograph is predicted, after `count` others."""
    original = output.predict_files

    def predict_some(predictor, files, **options):
        for done, found in enumerate(original(predictor, files, **options)):
            if done == count:
                raise KeyboardInterrupt
            yield found

    monkeypatch.setattr(output, "predict_files", predict_some)


def test_ctrl_c_keeps_what_is_done_and_resume_continues(photos, predict, monkeypatch):
    words = ("company.jpg", "landscape.jpg", "gone.jpg", "--csv", "faces.csv")
    assert predict(*words)[0] == 0
    whole = Path("faces.csv").read_bytes()
    with monkeypatch.context() as patch:
        interrupted_after(2, patch)
        status, _, err = predict(*words)
    assert status == 130
    assert "stopped after 2 of 3 photographs" in err
    assert Path("faces.csv").read_bytes() == whole[: whole.index(b"gone.jpg")]
    status, out, err = predict(*words, "--resume")
    assert (status, err) == (0, "")
    assert "1 file finished by an earlier run" in out
    assert Path("faces.csv").read_bytes() == whole


def test_ctrl_c_prints_the_answers_so_far(photos, predict, monkeypatch):
    interrupted_after(1, monkeypatch)
    status, out, _ = predict("company.jpg", "landscape.jpg")
    assert status == 130
    assert out.count("company.jpg") == 3


def test_json_lines_come_one_by_one(photos, predict, monkeypatch):
    interrupted_after(1, monkeypatch)
    status, out, _ = predict("company.jpg", "landscape.jpg", "--json")
    assert status == 130
    assert [json.loads(line)["path"] for line in out.splitlines()] == ["company.jpg"]


def test_resume_without_a_table_is_refused(photos, predict):
    status, _, err = predict("company.jpg", "--resume")
    assert status == 1
    assert "name it with --csv FILE" in err


def test_control_characters_in_names_never_reach_the_terminal(photos, predict):
    name = "evil\x1b[2J\n.jpg"
    (photos / "company.jpg").rename(name)
    shown = "".join(predict(name, "gone\x1b[31m.jpg", "--largest")[1:])
    assert "\x1b" not in shown
    assert r"evil\x1b[2J\n.jpg" in shown
    assert r"gone\x1b[31m.jpg: missing" in shown


def test_a_narrow_terminal_has_a_line_per_face(photos, predict, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    lines = predict("company.jpg")[1].splitlines()
    assert [line[:24] for line in lines[:3]] == [f"company.jpg: face {number}, age" for number in (1, 2, 3)]


def run(words, model, *, env=None, check=False, **options):
    """Run the command in a process of its own, with other streams than pytest's."""
    command = [sys.executable, "-m", "agelens", "predict", *words, "--model", str(model)]
    return subprocess.run(command, env=os.environ | (env or {}), check=check, **options)


@pytest.mark.slow
@pytest.mark.parametrize("env", [{"PYTHONIOENCODING": "cp1252"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"}])
def test_any_name_is_shown_in_any_encoding(photos, model, env):
    (photos / "company.jpg").rename("日ё.jpg")
    ran = run(["日ё.jpg", "gone日.jpg"], model, env=env, capture_output=True, check=True)
    assert b"Traceback" not in ran.stderr
    assert (b"\\u65e5" in ran.stdout) or ("日".encode() in ran.stdout)


@FULL
@pytest.mark.slow
@pytest.mark.parametrize("option", [[], ["--json"]])
def test_a_full_standard_output_is_one_line(photos, model, option):
    with Path("/dev/full").open("wb") as full:
        ran = run(["company.jpg", *option], model, stdout=full, stderr=subprocess.PIPE, check=False)
    assert ran.returncode == 1
    assert ran.stderr.decode().splitlines()[-1].startswith("agelens: The standard output cannot be written")
    assert b"Traceback" not in ran.stderr


def test_a_large_photograph_has_boxes_in_its_own_pixels(photos, company, table_of, monkeypatch):
    whole = table_of("company.jpg")
    monkeypatch.setattr("agelens.data_prep.core.image_inputs.decode_image", reduced)
    large = table_of("company.jpg")
    assert large["warnings"].str.startswith("reduced: ").all()
    boxes = ["x1", "y1", "x2", "y2"]
    assert (large.loc[0, boxes] - whole.loc[0, boxes]).abs().max() < 15


def reduced(content, **options):
    return decode_image(content, max_pixels=102_399, **options)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--margin", "0.3"], "--margin is not an option"),
        (["--min-score", "1.5"], "min_score must be above 0 and at most 1"),
        (["--device", "tpu"], "The device must be one that OpenVINO finds on this machine: CPU"),
    ],
)
def test_options_that_cannot_be_are_refused_in_one_line(photos, predict, words, message):
    status, out, err = predict("company.jpg", *words)
    assert (status, out) == (1, "")
    assert err.startswith(f"agelens: {message}")
    assert err.count("\n") == 1


def test_options_reach_the_detector(photos, table_of):
    assert len(table_of("company.jpg", "--device", "CPU", "--batch", "1")) == 3
    assert table_of("company.jpg", "--min-score", "0.999")["error"].tolist() == ["no_face: no face was found"]


def test_an_address_says_what_to_do(photos, predict):
    out = predict("https://host/a.jpg", "company.jpg")[1]
    assert "https://host/a.jpg: address: photographs are read from files; download it" in out
