"""The output of `agelens predict`: table, JSON lines and CSV."""

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from agelens.data_prep.core.images import write_jpeg
from agelens.models.serving.predictor import AgePredictor
from agelens.pipeline.prediction.predict import predict_files
from tests.factories import FIVE_GROUPS
from tests.locations import ROOT

COLUMNS = [
    "path",
    "face",
    "x1",
    "y1",
    "x2",
    "y2",
    "score",
    "age",
    "age_low",
    "age_high",
    "age_group",
    "gender",
    "warnings",
    "error",
]
"""Programs read this file: changing a column breaks them."""

FACE_KEYS = {"box", "score", "age", "interval", "age_group", "warnings", "quality", "probabilities"}


def test_every_face_is_a_row(photos, company, table_of):
    table = table_of("company.jpg")
    assert list(table.columns) == COLUMNS
    assert table["path"].tolist() == ["company.jpg"] * 3
    assert table["face"].tolist() == [1, 2, 3]
    assert table["score"].between(0.3, 1).all()
    assert table["age"].between(0, 100).all()
    assert (table["age_high"] - table["age_low"]).between(14.8, 15.2).all()
    assert table["age_group"].isin(FIVE_GROUPS.names).all()
    assert table[["gender", "warnings", "error"]].isna().all(axis=None)


def test_boxes_are_pixels_of_the_photograph_largest_face_first(photos, company, table_of):
    table = table_of("company.jpg")
    areas = (table["x2"] - table["x1"]) * (table["y2"] - table["y1"])
    assert areas.is_monotonic_decreasing
    found = table[["x1", "y1", "x2", "y2"]].sort_values("x1").to_numpy()
    drawn = company[1][np.argsort(company[1][:, 0])]
    assert np.abs(found - drawn).max() < 15


def test_largest_predicts_one_face_only(photos, table_of):
    everyone, largest = table_of("company.jpg"), table_of("company.jpg", "--largest")
    pd.testing.assert_frame_equal(largest, everyone.head(1), check_dtype=False)


def test_photograph_without_a_face_is_reported(photos, table_of, predict):
    (row,) = table_of("landscape.jpg").to_dict("records")
    assert (row["path"], row["error"]) == ("landscape.jpg", "no_face: no face was found")
    assert np.isnan(row["face"])
    status, out, _ = predict("landscape.jpg")
    assert status == 0
    assert "no_face: no face was found" in out


def write_broken_files(folder: Path) -> list[str]:
    whole = (folder / "company.jpg").read_bytes()
    broken = {"empty.jpg": b"", "text.jpg": b"not a photograph", "cut.jpg": whole[: len(whole) // 3]}
    for name, content in broken.items():
        (folder / name).write_bytes(content)
    return list(broken)


def test_broken_files_have_a_row_and_do_not_stop_the_rest(photos, table_of):
    broken = write_broken_files(photos)
    table = table_of(*broken, "company.jpg")
    assert table["path"].tolist() == [*broken, *["company.jpg"] * 3]
    assert table["error"].notna().tolist() == [True] * 3 + [False] * 3
    assert table["age"].isna().tolist() == [True] * 3 + [False] * 3


def test_broken_files_are_listed_on_screen_with_csv(photos, predict):
    broken = write_broken_files(photos)
    out = predict(*broken, "company.jpg", "--csv", "faces.csv")[1]
    assert [name for name in broken if f"{name}: " not in out] == []
    assert "3 faces in 4 files written to faces.csv" in out


def test_exit_status_is_1_if_no_file_can_be_read(photos, predict):
    status, out, _ = predict(*write_broken_files(photos))
    assert status == 1
    assert "empty.jpg" in out


def test_json_is_one_object_per_photograph(photos, predict):
    write_broken_files(photos)
    status, out, err = predict("company.jpg", "landscape.jpg", "empty.jpg", "--json")
    assert (status, err) == (0, "")
    company, landscape, empty = (json.loads(line) for line in out.splitlines())
    assert company["path"] == "company.jpg"
    assert company["error"] is None
    assert (company["model"], company["training_data"], company["age_labels"]) == ("untrained", "nothing at all", {})
    assert len(company["faces"]) == 3
    for face in company["faces"]:
        assert face.keys() == FACE_KEYS
        assert face["quality"]["detail"] > 0
        assert face["warnings"] == []
        assert face["interval"][0] <= face["age"] <= face["interval"][1]
        assert list(face["probabilities"]) == list(FIVE_GROUPS.names)
        assert sum(face["probabilities"].values()) == pytest.approx(1, abs=0.001)
        assert face["age_group"] in face["probabilities"]
        assert int(re.split("[-+]", face["age_group"])[0]) <= face["age"] + 0.05  # rounded
    assert (landscape["faces"], landscape["error"]) == ([], "no_face: no face was found")
    assert empty["faces"] == []
    assert empty["error"]


def test_gender_is_predicted_if_asked_for(photos, model_with_gender, agelens):
    words = ("predict", "company.jpg", "--model", str(model_with_gender))
    genders = [face["gender"] for face in json.loads(agelens(*words, "--gender", "--json")[1])["faces"]]
    assert len(genders) == 3
    assert set(genders) <= {"female", "male"}
    assert agelens(*words, "--gender")[1].count("male") == 3
    agelens(*words, "--gender", "--csv", "gender.csv")
    assert pd.read_csv("gender.csv")["gender"].tolist() == genders


def test_gender_is_not_predicted_by_default_and_ethnicity_never(photos, model_with_gender, agelens):
    words = ("predict", "company.jpg", "--model", str(model_with_gender))
    (face, *_) = json.loads(agelens(*words, "--json")[1])["faces"]
    assert face.keys() == FACE_KEYS
    assert "male" not in agelens(*words)[1]
    agelens(*words, "--csv", "no_gender.csv")
    assert pd.read_csv("no_gender.csv")["gender"].isna().all()
    assert "ethnicity" not in agelens(*words, "--gender", "--json")[1]


def test_gender_is_refused_if_the_model_does_not_predict_it(photos, predict):
    status, _, err = predict("company.jpg", "--gender")
    assert status == 1
    assert "untrained does not predict gender" in err


def test_small_faces_have_a_warning_in_json_and_csv(photos, table_of, predict, monkeypatch):
    monkeypatch.setattr("agelens.models.serving.predictions.SMALL_FACE", 10_000)
    faces = json.loads(predict("company.jpg", "--json")[1])["faces"]
    assert len(faces) == 3
    assert all(face["warnings"][0].startswith("small_face: ") for face in faces)
    assert [face["warnings"] for face in faces] == [[warning] for warning in table_of("company.jpg")["warnings"]]


def test_json_and_csv_agree(photos, table_of, predict):
    table = table_of("company.jpg")
    faces = json.loads(predict("company.jpg", "--json")[1])["faces"]
    assert [face["age"] for face in faces] == table["age"].tolist()
    assert [face["box"] for face in faces] == table[["x1", "y1", "x2", "y2"]].to_numpy().tolist()


def test_table_names_the_model_and_its_training_data(photos, predict):
    status, out, _ = predict("company.jpg")
    assert status == 0
    assert out.count("company.jpg") == 3
    assert "90% interval" in out
    assert "model: untrained, trained on nothing at all" in out


def test_error_is_json_with_json(photos, agelens):
    status, out, _ = agelens("predict", "company.jpg", "--json", "--model", ".")
    assert status == 1
    assert json.loads(out)["error"].startswith(". is not an exported model")


def test_missing_bundled_model_gives_no_advice_to_run_the_pipeline(photos, agelens, monkeypatch):
    monkeypatch.setattr("agelens.models.serving.predictor.AGE_MODEL", photos / "nowhere")
    status, _, err = agelens("predict", "company.jpg")
    assert status == 1
    assert err.count("\n") == 1
    assert "The bundled model is not at" in err
    assert "dvc repro" not in err


def test_model_of_another_detector_gives_a_warning(photos, model, agelens, monkeypatch):
    monkeypatch.setattr("agelens.pipeline.prediction.predict.read_hashes", lambda: defaultdict(str))
    status, _, err = agelens("predict", "company.jpg", "--model", str(model))
    assert status == 0
    assert "another face detector" in err


def test_folder_without_a_model_is_an_error_in_one_line(photos, agelens):
    status, _, err = agelens("predict", "company.jpg", "--model", ".")
    assert status == 1
    assert err.startswith("agelens: . is not an exported model")
    assert err.count("\n") == 1


def test_predict_runs_without_training_libraries(photos, model):
    code = (
        "import sys; from agelens.pipeline.commands.main import main\ntry: main()\n"
        "finally: print([name for name in ('tensorflow', 'keras', 'torch', 'wandb') if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, "predict", str(photos / "company.jpg"), "--json", "--model", str(model)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    answer, loaded = ran.stdout.splitlines()
    assert len(json.loads(answer)["faces"]) == 3
    assert loaded == "[]"


def test_files_are_taken_lazily_and_in_order(photos, model):
    paths = [photos / "company.jpg", photos / "gone.jpg", photos / "landscape.jpg"]
    taken = []
    results = predict_files(AgePredictor.load(model), (taken.append(path) or path for path in paths * 100), batch=4)
    assert taken == []
    found = [next(results) for _ in range(7)]
    assert [one.path for one in found] == (paths * 3)[:7]
    assert [len(one.faces) for one in found] == [3, 0, 0, 3, 0, 0, 3]
    assert [one.error.partition(":")[0] for one in found[:3]] == ["", "missing", "no_face"]
    assert len(taken) < 50
    results.close()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--min-score", "2"), "min_score must be above 0 and at most 1"),
        (("--device", "abacus"), "The device must be one that OpenVINO finds on this machine: CPU"),
        (("--margin", "0.3"), "--margin is not an option"),
    ],
)
def test_an_option_that_cannot_be_used_is_one_line(predict, photos, words, message):
    status, out, err = predict(str(photos), *words)
    assert (status, out) == (1, "")
    assert message in err


def test_small_faces_in_a_large_photograph_are_found_in_tiles(folder, company, predict):
    people, boxes = company
    scale = 40 / (boxes[:, 2:] - boxes[:, :2]).min()
    small = cv2.resize(people, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    image = np.full((2400, 3200, 3), 150, np.uint8)
    image[900 : 900 + small.shape[0], 1400 : 1400 + small.shape[1]] = small
    write_jpeg(folder / "large.jpg", image)
    found = {mode: json.loads(predict("large.jpg", "--json", "--tiles", mode)[1]) for mode in ("never", "always")}
    assert len(found["never"]["faces"]) < 3
    assert found["never"]["warnings"][0].startswith("shrunk: the image was shrunk 10 times")
    assert found["always"]["warnings"] == []
    places = sorted(face["box"][0] for face in found["always"]["faces"])
    assert places == pytest.approx(sorted(1400 + scale * boxes[:, 0]), abs=15)


def test_another_word_for_tiles_is_wrong_usage(photos, predict):
    status, _, err = predict("company.jpg", "--tiles", "often")
    assert status == 2
    assert "often" in err
