"""The bundled models on real photographs, where these are available."""

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from agelens.data_prep.core.images import find_images
from agelens.models.serving.predictor import AgePredictor
from agelens.pipeline.prediction.predict import FilePrediction, predict_files
from agelens.weights.defaults import AGE_MODEL
from tests.locations import ROOT, SHARED_CASES, SHARED_DATA

THREE_PEOPLE = "35_Basketball_basketballgame_ball_35_208.jpg"

pytestmark = [
    pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=f"no real photographs at {SHARED_DATA}"),
    pytest.mark.skipif(not (AGE_MODEL / "model.json").is_file(), reason="no bundled age model"),
]


@pytest.fixture(scope="module")
def predictor() -> AgePredictor:
    return AgePredictor.load()


def predictions_for(predictor: AgePredictor, folder: Path, *, count: int) -> list[FilePrediction]:
    paths = random.Random(0).sample(find_images(SHARED_DATA / folder), count)
    return list(predict_files(predictor, paths, largest=True))


def test_three_people_give_three_predictions(predictor: AgePredictor) -> None:
    (found,) = predict_files(predictor, [SHARED_DATA / "widerface/images/val" / THREE_PEOPLE])
    assert len(found.faces) == 3
    youngest, second, oldest = sorted(face.age for face in found.faces)
    assert 15 <= youngest <= second <= 45 < oldest  # a young couple, and a grey-haired woman behind them


@pytest.mark.parametrize(("folder", "least"), [("utkface/UTKFace", 0.98), ("adience/faces", 0.96)])
def test_nearly_every_portrait_has_a_face(predictor: AgePredictor, folder: str, least: float) -> None:
    results = predictions_for(predictor, Path(folder), count=100)
    assert np.mean([bool(found.faces) for found in results]) >= least


def test_ages_follow_the_labels(predictor: AgePredictor) -> None:
    """Most of these are training data: the test detects a broken model, it does not measure accuracy."""
    results = [found for found in predictions_for(predictor, Path("utkface/UTKFace"), count=60) if found.faces]
    true = np.array([min(100, int(found.path.name.split("_")[0])) for found in results])
    predicted = np.array([found.faces[0].age for found in results])
    assert np.abs(true - predicted).mean() < 8
    assert np.corrcoef(true, predicted)[0, 1] > 0.8


@pytest.mark.skipif(not SHARED_CASES.is_dir(), reason=f"no cases at {SHARED_CASES}")
def test_a_photograph_upside_down_is_searched_turned(predictor: AgePredictor) -> None:
    (found,) = predict_files(predictor, [SHARED_CASES / "orientation/turned180.jpg"])
    assert len(found.faces) == 1
    assert found.notes == (
        "turned: no face was found in the image as it is, but after a turn clockwise by 180 degrees",
    )


def test_ages_do_not_depend_on_the_batch(predictor: AgePredictor) -> None:
    photographs = find_images(SHARED_DATA / "fgnet/images")[:60]
    together = predictor.predict(photographs)
    for faces, path in zip(together, photographs, strict=True):
        assert [face.age for face in faces] == pytest.approx([face.age for face in predictor.predict(path)], abs=0.1)


def test_ages_hardly_depend_on_opencv(predictor: AgePredictor) -> None:
    photographs = find_images(SHARED_DATA / "fgnet/images")[::20]
    code = """
import sys
sys.modules["cv2"] = None
from agelens import AgePredictor
for faces in AgePredictor.load().predict(sys.argv[1:]):
    print(*(face.age for face in faces))
"""
    words = [sys.executable, "-c", code, *map(str, photographs)]
    ran = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT)
    without = [[float(age) for age in line.split()] for line in ran.stdout.splitlines()]
    expected = [[face.age for face in faces] for faces in predictor.predict(photographs)]
    assert [len(ages) for ages in without] == [len(ages) for ages in expected]
    assert np.abs(np.subtract(np.concatenate(without), np.concatenate(expected))).mean() < 0.06
