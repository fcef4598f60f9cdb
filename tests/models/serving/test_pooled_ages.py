"""One age for several views: weights, pooling and calibration by hand-made numbers."""

import numpy as np
import pytest

from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.framing import Framing
from agelens.models.calibration.calibration import Calibration
from agelens.models.serving.model_card import ModelCard
from agelens.models.serving.pooled_ages import AgePool, view_weight
from agelens.models.serving.predictions import AgePrediction
from tests.factories import FIVE_GROUPS


def card(**calibration):
    return ModelCard(
        name="made",
        shape=CropShape(size=64),
        framing=Framing("box", 64),
        detector={},
        groups=FIVE_GROUPS,
        calibration=Calibration(coverage=0.9, edges=(), **calibration),
        facts={},
    )


def view(age, *, side=96.0, score=1.0, aligned=True, years=None, gender=None):
    distribution = None
    if years is not None:
        distribution = tuple(float(year in years) / len(years) for year in range(101))
    return AgePrediction(
        box=(0.0, 0.0, side, side),
        score=score,
        age=age,
        interval=(age - 5, age + 5),
        age_group="",
        probabilities=(),
        attributes={} if gender is None else {"gender": gender},
        aligned=aligned,
        distribution=distribution,
    )


def pooled(views, **calibration):
    pool = AgePool(card(**(calibration or {"half_widths": (7.5,)})))
    for each in views:
        pool.add(each)
    return pool.result()


@pytest.mark.parametrize(
    ("changes", "weight"),
    [
        ({}, 1.0),
        ({"side": 200.0}, 1.0),
        ({"side": 48.0}, 0.5),
        ({"score": 0.4}, 0.4),
        ({"aligned": False}, 0.3),
        ({"side": 48.0, "score": 0.5, "aligned": False}, 0.075),
        ({"aligned": None}, 1.0),
        ({"side": 0.0}, 0.001),
    ],
)
def test_large_certain_and_aligned_faces_count_most(changes, weight):
    assert view_weight(view(30, **changes)) == pytest.approx(weight)


def test_no_view_has_no_age():
    assert pooled([]) is None


def test_views_without_distributions_are_averaged_by_weight():
    found = pooled([view(20), view(40, side=48.0)])
    assert found.age == pytest.approx((20 + 0.5 * 40) / 1.5)
    assert found.interval == pytest.approx((found.age - 5, found.age + 5))
    assert found.views == 2


def test_distributions_are_pooled_before_they_are_calibrated():
    calibration = {"shares": (0.9,), "statistic": "median", "min_half_width": 1.0}
    found = pooled([view(0, years=[20, 21]), view(0, years=[30, 31])], **calibration)
    assert found.interval[0] <= 20.5
    assert found.interval[1] >= 30.5
    assert 20 <= found.age <= 31
    nearer = pooled([view(0, years=[20, 21]), view(0, years=[30, 31], side=9.6)], **calibration)
    assert nearer.age == pytest.approx(21, abs=1)


def test_group_and_gender_follow_the_pool():
    found = pooled(
        [view(30, gender="male"), view(10, gender="female", side=48.0), view(30, gender="female", side=48.0)]
    )
    assert found.age_group == "13-25"
    assert found.gender in {"male", "female"}
    assert pooled([view(30, gender="male"), view(30, gender="female", side=48.0)]).gender == "male"
    assert pooled([view(30)]).gender is None


def test_more_views_of_noisy_ages_vary_less():
    rng = np.random.default_rng(1)
    ages = [pooled([view(age) for age in rng.normal(40, 6, size=16)]).age for _ in range(50)]
    assert np.std(ages) < 3
