"""Model outputs decoded to predictions, by hand-made numbers."""

import numpy as np
import pytest

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.labels import AgeGroups
from agelens.models.calibration.bias import BiasCorrection
from agelens.models.calibration.calibration import Calibration
from agelens.models.serving.decoding import decode
from agelens.models.serving.predictions import AgePrediction, face_predictions

GROUPS = AgeGroups((0, 18, 60))
CALIBRATION = Calibration(coverage=0.9, edges=(50.0,), half_widths=(4.0, 10.0))
SHARES = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]], dtype=np.float32)
YEARS = np.array([[-3.0], [120.0]], dtype=np.float32)


def test_outputs_become_clipped_ages_intervals_and_groups() -> None:
    decoded = decode({"age_group": SHARES, "age": YEARS, "more": YEARS}, calibration=CALIBRATION, groups=GROUPS)
    assert len(decoded) == 2
    assert decoded.age.tolist() == [0.0, 100.0]
    assert decoded.age_low.tolist() == [0.0, 90.0]
    assert decoded.age_high.tolist() == [4.0, 100.0]
    assert decoded.age_group.tolist() == [0, 2]
    assert decoded.age_group_probability == pytest.approx([0.7, 0.6])
    assert decoded.probabilities == pytest.approx(SHARES)


def test_the_age_group_is_that_of_the_age_whatever_is_most_probable() -> None:
    decoded = decode({"age_group": SHARES, "age": np.array([[40.0], [17.9]])}, calibration=CALIBRATION, groups=GROUPS)
    assert decoded.age_group.tolist() == [1, 0]
    assert decoded.age_group_probability == pytest.approx([0.2, 0.1])


def test_ages_are_calibrated_and_raw_ages_are_not() -> None:
    calibration = Calibration(coverage=0.9, edges=(), shares=(0.5,), correction=BiasCorrection((50.0,), (4.0,)))
    distribution = np.zeros((2, 101))
    distribution[0, [57, 58, 59]], distribution[1, 20:40] = [0.3, 0.4, 0.3], 0.05
    outputs = {"age_group": SHARES, "age": np.array([[54.0], [26.0]]), "age_distribution": distribution}
    decoded = decode(outputs, calibration=calibration, groups=GROUPS)
    assert decoded.raw_age.tolist() == [54.0, 26.0]
    assert decoded.age.tolist() == [58.0, 30.0]
    assert (decoded.age_low.tolist(), decoded.age_high.tolist()) == ([57.0, 25.0], [59.0, 34.0])


def test_attributes_that_the_model_predicts_are_decoded() -> None:
    outputs = {"age_group": SHARES, "age": YEARS, "gender": np.array([[0.3, 0.7], [0.9, 0.1]], dtype=np.float32)}
    decoded = decode(outputs, calibration=CALIBRATION, groups=GROUPS)
    assert decoded.attribute_classes("gender") == ["male", "female"]
    assert decoded.attribute_classes("ethnicity") == [None, None]
    faces = face_predictions(decoded, np.zeros((2, 4)), scores=[0.8, 0.8], groups=GROUPS)
    assert [face.gender for face in faces] == ["male", "female"]


def test_probabilities_may_miss_the_sum_one_by_a_hundredth() -> None:
    for factor in (0.995, 1.005):
        outputs = {"age_group": SHARES.astype(np.float64) * factor, "age": YEARS}
        assert decode(outputs, calibration=CALIBRATION, groups=GROUPS).age_group.tolist() == [0, 2]


def test_no_face_gives_no_prediction() -> None:
    outputs = {"age_group": np.empty((0, 3)), "age": np.empty((0, 1))}
    decoded = decode(outputs, calibration=CALIBRATION, groups=GROUPS)
    assert len(decoded) == 0
    assert decoded.age_group_probability.shape == (0,)
    assert face_predictions(decoded, np.empty((0, 4)), scores=[], groups=GROUPS) == []


def test_each_face_has_its_own_values() -> None:
    outputs = {"age_group": SHARES.astype(np.float64), "age": np.array([[10.0], [70.0]])}
    decoded = decode(outputs, calibration=CALIBRATION, groups=GROUPS)
    boxes = np.array([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 9.0, 9.0]])
    first, second = face_predictions(decoded, boxes, scores=[0.8, np.nan], groups=GROUPS)
    assert first == AgePrediction(
        box=(1.0, 2.0, 3.0, 4.0),
        score=0.8,
        age=10.0,
        interval=(6.0, 14.0),
        age_group="0-17",
        probabilities=tuple(SHARES[0].astype(float).tolist()),
    )
    assert second.score is None
    assert (second.age_group, second.interval) == ("60+", (60.0, 80.0))


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({"age": YEARS}, "must have the outputs"),
        ({"age_group": SHARES, "age": YEARS[:, 0]}, "the same training"),
        ({"age_group": SHARES[:1], "age": YEARS}, "the same training"),
        ({"age_group": SHARES[:, :2], "age": YEARS}, "the same training"),
        ({"age_group": SHARES, "age": YEARS * np.nan}, "diverged"),
        ({"age_group": SHARES * np.nan, "age": YEARS}, "diverged"),
        ({"age_group": SHARES * 0.985, "age": YEARS}, "softmax"),
        ({"age_group": SHARES * 1.015, "age": YEARS}, "softmax"),
    ],
)
def test_invalid_outputs_are_rejected(outputs: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(DataError, match=message):
        decode(outputs, calibration=CALIBRATION, groups=GROUPS)
