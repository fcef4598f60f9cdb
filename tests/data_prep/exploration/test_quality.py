"""Quantiles, histograms and conditions of measures."""

import pandas as pd
import pytest

from agelens.data_prep.exploration.quality import (
    MEASURES,
    count_flags,
    count_measures,
    count_sizes,
    describe_measures,
    flag_rules,
)

USUAL = {
    "image_id": "a/0",
    "source": "a",
    "age": 30.0,
    "found": "detector",
    "score": 0.9,
    "faces": 1,
    "width": 200,
    "height": 200,
    "sharpness": 50.0,
    "box_side": 100.0,
    "box_share": 0.25,
    "room": 0.5,
    "margin": 0.15,
    "enlargement": 0.9,
    "brightness": 120.0,
    "contrast": 50.0,
    "saturation": 40.0,
    "detail": 0.4,
    "file_format": "JPEG",
    "kilobytes": 5.0,
    "jpeg_quality": 90.0,
}


def images(*changes: dict[str, object]) -> pd.DataFrame:
    """Return a row for each dict, of a usual image with these changes."""
    return pd.DataFrame([USUAL | {"image_id": f"a/{index}"} | change for index, change in enumerate(changes)])


def test_quantiles_leave_missing_values_out() -> None:
    rows = describe_measures(images(*({"detail": value} for value in (0.1, 0.2, 0.3, None))))
    detail = rows[(rows["source"] == "a") & (rows["measure"] == "detail")].iloc[0]
    assert (detail["faces"], detail["mean"], detail["q50"], detail["q75"]) == (3, 0.2, 0.2, 0.25)
    assert set(rows["measure"]) == set(MEASURES)


def test_histograms_count_every_value_once() -> None:
    table = images({"box_side": 15.9}, {"box_side": 16.0}, {"box_side": 5000.0}, {"box_side": None})
    rows = count_measures(table)
    sides = rows[(rows["source"] == "*") & (rows["measure"] == "box_side") & (rows["faces"] > 0)]
    assert sides[["low", "high", "faces"]].to_numpy().tolist() == [[0, 16, 1], [16, 32, 1], [1024, 2048, 1]]


STANDING_OUT = {
    "tiny_face": {"box_side": 47.9},
    "low_detail": {"detail": 0.28},
    "enlarged": {"enlargement": 1.1},
    "little_margin": {"margin": 0.07},
    "several_faces": {"faces": 2},
    "not_detected": {"found": "whole_image", "score": None},
    "uncertain": {"score": 0.4},
    "dark": {"brightness": 49.0},
    "bright": {"brightness": 206.0},
    "flat": {"contrast": 19.0},
    "grey": {"saturation": 2.0},
    "low_jpeg_quality": {"jpeg_quality": 59.0},
}


def met(table: pd.DataFrame, band: str = "*") -> dict[str, list[float]]:
    rows = count_flags(table, tiny_side=48, margin_fraction=0.15)
    rows = rows[(rows["source"] == "a") & (rows["band"] == band) & (rows["faces"] > 0)]
    return rows.set_index("flag")[["faces", "of", "share"]].T.to_dict("list")


@pytest.mark.parametrize("flag", STANDING_OUT)
def test_each_condition_is_met_by_its_image_only(flag: str) -> None:
    assert met(images({}, STANDING_OUT[flag])) == {flag: [1, 2, 0.5]}


def test_every_condition_is_tested() -> None:
    assert set(flag_rules(tiny_side=48, margin_fraction=0.15)) == set(STANDING_OUT)


def test_conditions_are_counted_by_band() -> None:
    table = images({"age": 5.0, "contrast": 1.0}, {"age": 5.0}, {"age": 95.0})
    assert met(table, "0-9") == {"flat": [1, 2, 0.5]}
    assert met(table, "90+") == {}


def test_common_sizes_come_first() -> None:
    rows = count_sizes(images({"width": 300}, {}, {}, {"width": 100}), largest=2)
    assert rows[rows["source"] == "a"].drop(columns="source").to_numpy().tolist() == [
        [200, 200, 2, 0.5],
        [100, 200, 1, 0.25],
    ]
