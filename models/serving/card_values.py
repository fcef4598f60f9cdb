"""Checks of the values in a model card before anything is built from them: a wrong type is named by its place."""

import math
from collections.abc import Callable, Mapping
from typing import Any, get_args

from agelens.data_prep.core.openvino_requests import Precision
from agelens.data_prep.faces.framing import FramingKind

Check = tuple[Callable[[Any], bool], str]
"""Whether a value is acceptable, and what it must be."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(least: int, most: int) -> Check:
    return (
        lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most,
        f"a whole number from {least} to {most}",
    )


def _number(least: float, most: float) -> Check:
    return lambda value: _is_number(value) and least <= value <= most, f"a number from {least:g} to {most:g}"


def _one_of(*names: str) -> Check:
    return lambda value: isinstance(value, str) and value in names, f"one of {', '.join(names)}"


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


def _classes(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(names, list) and names and all(isinstance(name, str) for name in names) for names in value.values()
    )


def _first_ages(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(age, int) and not isinstance(age, bool) for age in value)


def _label_rows(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(row, dict)
        and all(isinstance(row.get(name), str) for name in ("source", "age_origin"))
        and all(_is_number(row.get(name, 0)) for name in ("faces", "exact_share"))
        for row in value
    )


TEXT: Check = (lambda value: isinstance(value, str), "text")
MAPPING: Check = (lambda value: isinstance(value, dict), "a mapping")

REQUIRED: Mapping[str, Check] = {
    "format": _whole(1, 1),
    "name": TEXT,
    "crop": MAPPING,
    "crop.size": _whole(16, 2048),
    "crop.margin_fraction": _number(0, 2),
    "crop.square": (lambda value: isinstance(value, bool), "true or false"),
    "detector": MAPPING,
    "detector.image_size": _whole(32, 4096),
    "detector.min_score": _number(0, 1),
    "age_groups": (_first_ages, "a list of whole numbers"),
    "calibration": MAPPING,
}

OPTIONAL: Mapping[str, Check] = {
    "framing": MAPPING,
    "framing.kind": _one_of(*get_args(FramingKind)),
    "framing.side": _whole(16, 2048),
    "detector.precision": _one_of(*get_args(Precision)),
    "detector.fallback_score": _number(0, 1),
    "detector.sha256": TEXT,
    "precision": _one_of(*get_args(Precision)),
    "attributes": (_classes, "a mapping of lists of names"),
    "files": (_texts, "a mapping of names to hashes"),
    "test_metrics": MAPPING,
    "labels": (_label_rows, "a list of sources with age_origin"),
    **dict.fromkeys(("backbone", "training_data", "licence", "intended_use"), TEXT),
}


def find_wrong_value(card: Any) -> str | None:
    """Return what is wrong with the content of a model card, with its place; None if nothing is."""
    if not isinstance(card, dict):
        return "the file must hold a mapping"
    for checks, required in ((REQUIRED, True), (OPTIONAL, False)):
        for place, (is_right, wanted) in checks.items():
            found, value = _look_up(card, place)
            if found and not is_right(value):
                return f"{place} must be {wanted}, not {str(value)[:40]!r}"
            if required and not found:
                return f"{place} is missing"
    return None


def _look_up(card: dict[str, Any], place: str) -> tuple[bool, Any]:
    value: Any = card
    for key in place.split("."):
        if not isinstance(value, dict) or key not in value:
            return False, None
        value = value[key]
    return True, value
