"""Errors about files of stages name the stage."""

from pathlib import Path

import pytest

from agelens.data_prep.core.errors import ImageError
from agelens.pipeline.config.writers import advice_about, line_about
from tests.locations import ROOT


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("data/faces.csv is damaged (no columns).", " `dvc repro crop_faces` writes data/faces.csv."),
        ("truncated: data/crops/a/b-c.jpg.", " `dvc repro crop_faces` writes data/crops/a/b-c.jpg."),
        ("params.yaml and data/splits/val.csv differ.", " `dvc repro split` writes data/splits/val.csv."),
        ("No network at weights/trained/age_net.keras: run `dvc repro train`.", ""),
        ("weights/trained/age_net.keras is of another `agelens run train`.", ""),
        ("Run `dvc repro split`.", " It writes data/splits/test.csv, data/splits/train.csv, data/splits/val.csv."),
        ("Run `dvc repro nothing`.", ""),
        ("data/raw/mine/1.jpg cannot be read.", ""),
        ("old_data/faces.csv.old is no table.", ""),
    ],
)
def test_the_stage_that_writes_the_first_file_is_named_once(message, advice):
    assert advice_about(message, flow=ROOT / "dvc.yaml") == advice


def test_the_file_of_an_image_is_named_once():
    error = ImageError("empty_file", "0 bytes")
    error.path = Path("data/crops/a.jpg")
    expected = "data/crops/a.jpg: empty_file: 0 bytes. `dvc repro crop_faces` writes data/crops/a.jpg."
    assert line_about(error, flow=ROOT / "dvc.yaml") == expected
    error = ImageError("missing", "no such file: a.jpg")
    error.path = Path("a.jpg")
    assert line_about(error, flow=ROOT / "dvc.yaml") == "missing: no such file: a.jpg"


def test_without_stages_there_is_nothing_to_add(tmp_path):
    assert advice_about("data/faces.csv is damaged.", flow=tmp_path / "dvc.yaml") == ""


@pytest.mark.parametrize("content", ["", "stages: [", "stages: [1]", "- a", "stages: {a: 1}", "stages:\n"])
def test_damaged_stages_hide_no_error(tmp_path, content):
    flow = tmp_path / "dvc.yaml"
    flow.write_text(content)
    assert advice_about("data/faces.csv is damaged.", flow=flow) == ""
