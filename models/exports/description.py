"""`export.json` beside an exported file: inputs, outputs, units, meaning of the labels, licence and hashes."""

from pathlib import Path
from typing import Any

from agelens.data_prep.core.hashing import file_hash
from agelens.data_prep.core.labels import ATTRIBUTES, MAX_AGE
from agelens.data_prep.core.tables import POINT_COLUMNS
from agelens.data_prep.faces.alignment import TEMPLATE, TEMPLATE_SIDE
from agelens.models.exports.calibrated_network import (
    DISTRIBUTION,
    GROUP_OUTPUT,
    INPUT,
    PROBABILITIES,
    YEARS_OUTPUTS,
)
from agelens.models.exports.format_names import FormatName
from agelens.models.exports.tensorflow_formats import ENCODED_INPUT, VIEW_SIGNATURE
from agelens.models.serving.model_card import ModelCard

DESCRIPTION_FILE = "export.json"
DESCRIPTION_FORMAT = 1


def describe_export(
    name: FormatName, card: ModelCard, network: Any, *, mirror_average: bool, one_view: bool
) -> dict[str, Any]:
    """Return what a user of an exported file must know, without what is measured.

    Args:
        name: Of the format.
        card: Of the model.
        network: The calibrated network.
        mirror_average: Whether the graph averages the outputs for a view and its mirror image.
        one_view: Whether the graph takes one view at a time.
    """
    batch = 1 if one_view else "any"
    return {
        "format": DESCRIPTION_FORMAT,
        "kind": name.value,
        "model": card.name,
        "licence": card.facts.get("licence", "unknown"),
        "training_data": card.facts.get("training_data", "unknown"),
        "labels": card.facts.get("labels", "unknown"),
        "intended_use": card.facts.get("intended_use", "unknown"),
        "inputs": _inputs(name, card, batch=batch),
        "outputs": _outputs(card, [*network.output], batch=batch),
        "in_the_graph": {
            "normalisation_of_pixels": True,
            "calibration": True,
            "mirror_average": mirror_average,
            "detection_and_alignment_of_faces": False,
        },
        "lineage": card.facts.get("lineage", {}),
    }


def hash_tree(target: Path) -> dict[str, dict[str, Any]]:
    """Return SHA-256 and size of a file with its `.bin`, or of all files in a folder, by their paths beside it."""
    files = sorted(target.rglob("*")) if target.is_dir() else sorted({target, target.with_suffix(".bin")})
    return {
        path.relative_to(target.parent).as_posix(): {"sha256": file_hash(path), "bytes": path.stat().st_size}
        for path in files
        if path.is_file()
    }


def _inputs(name: FormatName, card: ModelCard, *, batch: int | str) -> dict[str, Any]:
    side = card.framing.side
    view: dict[str, Any] = {
        "type": "uint8",
        "shape": [batch, side, side, 3],
        "colours": "RGB, 0 to 255",
        "meaning": f"views: one face each, {_framing(card)}",
    }
    if card.framing.kind == "points":
        points = TEMPLATE + (side - TEMPLATE_SIDE) / 2
        names = [column.removesuffix("_x") for column in POINT_COLUMNS[::2]]
        view["points"] = {point: [round(x, 2), round(y, 2)] for point, (x, y) in zip(names, points, strict=True)}
    if name is not FormatName.SAVED_MODEL:
        return {INPUT: view}
    encoded = {
        "type": "string",
        "shape": [batch],
        "meaning": f"the bytes of a JPEG or PNG file each: a view as of {INPUT}; another size is scaled to {side} "
        "pixels, and the orientation in EXIF is not applied",
    }
    return {ENCODED_INPUT: encoded, INPUT: {**view, "signature": VIEW_SIGNATURE}}


def _framing(card: ModelCard) -> str:
    if card.framing.kind == "points":
        return "turned, scaled and shifted so that eyes, nose and mouth are at `points` (x, y in pixels)"
    margin = card.shape.margin_fraction
    return f"the square around its box with a margin of {margin:.0%} of the box's side on each side"


def _outputs(card: ModelCard, names: list[str], *, batch: int | str) -> dict[str, Any]:
    coverage = card.calibration.coverage
    known: dict[str, dict[str, Any]] = {
        YEARS_OUTPUTS[0]: {"shape": [batch, 1], "unit": "years", "meaning": "calibrated age, 0 to 100"},
        YEARS_OUTPUTS[1]: {
            "shape": [batch, 1],
            "unit": "years",
            "meaning": f"lower end of the prediction interval, which contains the true age of {coverage:.0%} of faces",
        },
        YEARS_OUTPUTS[2]: {"shape": [batch, 1], "unit": "years", "meaning": "upper end of the prediction interval"},
        GROUP_OUTPUT: {
            "type": "int32",
            "shape": [batch, 1],
            "meaning": "index of the age group that contains the calibrated age",
            "classes": list(card.groups.names),
        },
        PROBABILITIES: {
            "shape": [batch, len(card.groups)],
            "unit": "probability",
            "meaning": "of each age group, an output of its own; the largest may be that of another group",
            "classes": list(card.groups.names),
        },
        DISTRIBUTION: {
            "shape": [batch, MAX_AGE + 1],
            "unit": "probability",
            "meaning": "of each age from 0 to 100, before calibration",
        },
        **{
            name: {
                "shape": [batch, len(classes)],
                "unit": "probability",
                "meaning": f"{ATTRIBUTES[name].meaning if name in ATTRIBUTES else name}: as annotators label faces",
                "classes": list(classes),
            }
            for name, classes in card.attributes.items()
        },
    }
    return {name: {"type": "float32", **known[name]} for name in names}
