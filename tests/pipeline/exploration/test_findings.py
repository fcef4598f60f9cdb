"""Sentences about what stands out: written from a limit on, with the figures of their file."""

import pandas as pd
import pytest

from agelens.pipeline.exploration.findings import find_all
from agelens.pipeline.reports.numbers import Record

NOTHING = {
    "ages.skewness": 0.1,
    "ages.mean": 30.0,
    "ages.median": 30.0,
    "ages.band_imbalance": 2.0,
    "ages.largest_band": "20-29",
    "ages.largest_band_share": 0.2,
    "ages.share_of_fives": 0.2,
    "labels.missing_gender": 0.0,
    "labels.missing_ethnicity": 0.0,
    "labels.interval": 0.0,
    "labels.median_interval_years": None,
    "medians.margin": 0.15,
    "flags.little_margin": 0.1,
    "flags.tiny_face": 0.0,
    "flags.low_detail": 0.0,
    "flags.several_faces": 0.0,
    "flags.grey": 0.0,
    "duplicates.photos": 0,
    "duplicates.conflicts": 0,
    "duplicates.largest_gap": None,
}
ATTRIBUTES = pd.DataFrame({"source": "*", "attribute": "gender", "value": ["female", "male"], "rows": 500})


def sentences(ages: tuple[float, float] = (30.0, 31.0), **changes: object) -> list[str]:
    values = NOTHING | {name.replace("__", "."): value for name, value in changes.items()}
    found = find_all(Record(values, file="summary.json#all"), ATTRIBUTES.assign(mean_age=ages), margin_fraction=0.15)
    return [found.striptags() for found in found]


def test_nothing_stands_out_of_equal_ages_and_complete_labels() -> None:
    assert sentences() == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ages__skewness": 0.6}, "The longer tail of the ages is that of the old: skewness 0.60, mean 30.00"),
        ({"ages__skewness": -0.6}, "The longer tail of the ages is that of the young: skewness -0.60"),
        ({"ages__band_imbalance": 40.0}, "20.0 % of the photographs are 20-29 years old, 40 for one of the rarest"),
        ({"ages__share_of_fives": 0.25}, "Ages are rounded: 25.0 % of the exact ages"),
        ({"labels__missing_gender": 0.05}, "5.0 % of the photographs have no label of gender."),
        ({"labels__interval": 0.1, "labels__median_interval_years": 7.0}, "10.0 % of the ages are intervals, half of"),
        ({"ages": (30.0, 35.5)}, "The age depends on gender: the mean is 30.0 years for female, and 35.5 for male."),
        ({"flags__little_margin": 0.9, "medians__margin": 0.011}, "90.0 % of the crops have less than half of the"),
        ({"flags__low_detail": 0.02}, "2.0 % of the faces show no more detail than a face of 48 pixels"),
        (
            {"duplicates__photos": 7, "duplicates__conflicts": 3, "duplicates__largest_gap": 44.0},
            "7 photos have several files. In 3 of them the labels conflict, by up to 44 years",
        ),
    ],
)
def test_each_finding_has_its_limit_and_its_figures(changes: dict[str, object], sentence: str) -> None:
    (found,) = sentences(**changes)  # type: ignore[arg-type]
    assert sentence in found
