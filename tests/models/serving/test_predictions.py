"""Predictions convert to pandas."""

import sys
from dataclasses import replace

import pytest

from agelens.models.serving.predictions import FACE_COLUMNS, AgePrediction, FacePredictions, ImagePredictions

ONE = AgePrediction(
    box=(1.0, 2.0, 3.0, 4.0), score=0.8, age=30.0, interval=(20.0, 41.0), age_group="26-42", probabilities=(1.0,)
)
TWO = replace(ONE, age=5.0, score=None, aligned=False, trained_on=True)


def test_faces_become_rows() -> None:
    table = FacePredictions([ONE, TWO]).to_pandas()
    assert list(table.columns) == list(FACE_COLUMNS)
    boxes = ["x1", "y1", "x2", "y2"]
    assert table[["face", *boxes]].to_numpy().tolist() == [[1, 1, 2, 3, 4], [2, 1, 2, 3, 4]]
    assert table[["age", "age_low", "age_high"]].to_numpy().tolist() == [[30, 20, 41], [5, 20, 41]]
    assert table["score"].fillna(-1).tolist() == [0.8, -1]
    assert table["age_group"].tolist() == ["26-42", "26-42"]
    assert table["aligned"].tolist() == [None, False]
    assert table["trained_on"].tolist() == [False, True]


def test_images_are_numbered_and_those_without_a_face_have_no_row() -> None:
    table = ImagePredictions([FacePredictions([ONE, TWO]), FacePredictions(), FacePredictions([TWO])]).to_pandas()
    assert table[["image", "face", "age"]].to_numpy().tolist() == [[0, 1, 30.0], [0, 2, 5.0], [2, 1, 5.0]]


def test_attributes_are_columns() -> None:
    table = FacePredictions([ONE, replace(ONE, attributes={"gender": "male"})]).to_pandas()
    assert table["gender"].isna().tolist() == [True, False]
    assert table["gender"][1] == "male"


def test_no_faces_give_an_empty_table_with_the_same_columns() -> None:
    assert list(FacePredictions().to_pandas().columns) == list(FacePredictions([ONE]).to_pandas().columns)
    assert ImagePredictions().to_pandas().columns.tolist()[0] == "image"
    assert len(ImagePredictions([FacePredictions()]).to_pandas()) == 0


def test_a_table_without_pandas_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'agelens\[pandas\]'"):
        FacePredictions().to_pandas()
