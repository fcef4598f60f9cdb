"""Degraded crops are framed and predicted as the stage `evaluate` does it."""

import numpy as np
import pytest

from agelens.data_prep.batches.degradation import Degradation, degradations
from agelens.data_prep.faces.framing import Framing
from agelens.data_prep.faces.points import PointLocator
from agelens.models.calibration.calibration import Calibration
from agelens.pipeline.evaluation.robustness import frame_degraded, measure_robustness
from agelens.weights.defaults import POINT_LOCATOR
from tests.models.small_networks import SIZE
from tests.pipeline.small_project import AGES, rows_of

CALIBRATION = Calibration(0.9, (), (6.0,))


class BrightnessNetwork:
    """A network that takes the mean of the pixels for the age, and remembers what it has seen."""

    output = ("age", "age_group")

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []

    def predict_on_batch(self, views: np.ndarray) -> dict[str, np.ndarray]:
        self.seen.append(views)
        age = views.reshape(len(views), -1).mean(axis=1, dtype=float)[:, None] * 100 / 255
        return {"age": age, "age_group": np.full((len(views), 5), 0.2)}


def measure(project, count: int, **changes):
    network, params = BrightnessNetwork(), project.params(evaluate={"robustness": count, "resamples": 5}, **changes)
    rows = rows_of("val", AGES)
    table = measure_robustness(network, rows, calibration=CALIBRATION, params=params, paths=project.paths)
    return network, table


def test_every_condition_is_measured_on_the_same_faces(project):
    network, table = measure(project, 4)
    expected = [each.name for each in degradations(margin=0.15) if not each.points_error]
    assert table["condition"].tolist() == expected
    assert set(table["faces"]) == {4}
    assert table["located"].isna().all()
    assert [views.shape for views in network.seen] == [(4, SIZE, SIZE, 3)] * len(expected)
    rows = table.set_index("condition")
    # Crops of one colour do not change when they are turned, and hardly by noise.
    assert rows.loc["turned 20 degrees", "change"] == 0
    assert 0 < abs(rows.loc["noise 16", "change"]) < 2


def test_no_faces_switch_it_off(project):
    network, table = measure(project, 0)
    assert table.empty
    assert network.seen == []


def test_errors_of_points_are_measured_where_points_frame_the_face(project):
    _, table = measure(project, 2, locate_points={"framing": "points"})
    assert table["condition"].tolist() == [each.name for each in degradations(margin=0.15)]
    assert table["located"].tolist() == [0.0] * len(table)  # there is no face in one colour


@pytest.fixture(scope="module")
def locator():
    return PointLocator(POINT_LOCATOR)


def test_wrong_points_move_the_view(locator):
    crop = np.random.default_rng(0).integers(0, 255, (96, 96, 3)).astype(np.uint8)
    box, framing = np.array([10.0, 10.0, 86.0, 86.0]), Framing("points", 64)
    views = {
        error: frame_degraded(
            [crop, crop], [box, box], condition=Degradation("", points_error=error), framing=framing, locator=locator
        )[0]
        for error in (0.0, 0.1)
    }
    assert views[0.1].shape == (2, 64, 64, 3)
    assert np.array_equal(views[0.0][0], views[0.0][1])
    assert not np.array_equal(views[0.1][0], views[0.0][0])
    assert not np.array_equal(views[0.1][0], views[0.1][1])
