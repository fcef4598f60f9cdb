"""Real photographs, where they are at hand: the embedded models find real faces and answer sensibly."""

import random
from pathlib import Path

import numpy as np
import pytest

from agelens.data_prep.core.images import find_images
from agelens.models.serving.predictor import AgePredictor
from agelens.pipeline.prediction.predict import Answer, answer_files
from agelens.weights.defaults import AGE_MODEL
from tests.locations import SHARED_DATA

THREE_PEOPLE = "35_Basketball_basketballgame_ball_35_208.jpg"

pytestmark = [
    pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=f"no real photographs at {SHARED_DATA}"),
    pytest.mark.skipif(not (AGE_MODEL / "model.json").is_file(), reason="no embedded age model"),
]


@pytest.fixture(scope="module")
def predictor() -> AgePredictor:
    return AgePredictor.load()


def answers_for(predictor: AgePredictor, folder: Path, *, count: int) -> list[Answer]:
    paths = random.Random(0).sample(find_images(SHARED_DATA / folder), count)
    return list(answer_files(predictor, paths, largest=True))


def test_three_people_give_three_answers(predictor: AgePredictor) -> None:
    (answer,) = answer_files(predictor, [SHARED_DATA / "widerface/images/val" / THREE_PEOPLE])
    assert len(answer.faces) == 3
    youngest, second, oldest = sorted(face.age for face in answer.faces)
    assert 15 <= youngest <= second <= 45 < oldest  # a young couple, and a grey-haired woman behind them


@pytest.mark.parametrize(("folder", "least"), [("utkface/UTKFace", 0.98), ("adience/faces", 0.96)])
def test_nearly_every_portrait_has_a_face(predictor: AgePredictor, folder: str, least: float) -> None:
    answers = answers_for(predictor, Path(folder), count=100)
    assert np.mean([bool(answer.faces) for answer in answers]) >= least


def test_ages_follow_the_labels(predictor: AgePredictor) -> None:
    """Most of these were trained on: this tells a working model from a broken one, not how good it is."""
    answers = [answer for answer in answers_for(predictor, Path("utkface/UTKFace"), count=60) if answer.faces]
    true = np.array([min(100, int(answer.path.name.split("_")[0])) for answer in answers])
    told = np.array([answer.faces[0].age for answer in answers])
    assert np.abs(true - told).mean() < 8
    assert np.corrcoef(true, told)[0, 1] > 0.8
