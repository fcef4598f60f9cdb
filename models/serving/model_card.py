"""The model card: `model.json` beside an exported network, with everything that the predictor needs to know of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from agelens.data_prep.core.errors import AgelensError, WeightsError
from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.core.openvino_requests import Precision
from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.framing import Framing
from agelens.models.calibration.calibration import Calibration
from agelens.models.serving.card_values import find_wrong_value

MODEL_FILE = "model.json"
CARD_FORMAT = 1

INTENDED_USE = (
    "Statistics over many faces, research on age estimation, sorting your own photographs. Not for decisions about "
    "a person: not for access, age checks, hiring, policing or medicine."
)
"""What every exported model is for, and what not."""


@dataclass(frozen=True)
class ModelCard:
    """How to use an exported model.

    Args:
        name: For people: backbone, data and date of the training.
        shape: How faces must be cropped.
        framing: How the network sees a crop.
        detector: Settings of the face detector that made the training crops.
        groups: Age groups.
        calibration: Calibrates ages and gives prediction intervals.
        facts: Everything else: backbone, data, metrics, licence, intended use.
        attributes: Classes of each attribute that the model predicts, in the order of its output.
        precision: Of the network's computation, where the processor has it.
        files: SHA-256 of each file of the model, by name; empty for models of earlier versions.
    """

    name: str
    shape: CropShape
    framing: Framing
    detector: dict[str, Any]
    groups: AgeGroups
    calibration: Calibration
    facts: dict[str, Any]
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    precision: Precision = "float32"
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def age_labels(self) -> dict[str, str]:
        """What the ages are that each source was labelled with: `real`, `apparent` or `unknown`, by source.

        `apparent interval` are labels that are intervals of apparent ages, for most faces of the source.
        """
        return {
            row["source"]: row["age_origin"] + (" interval" if row.get("exact_share", 1.0) < 0.5 else "")
            for row in self.facts.get("labels", [])
        }

    def as_json(self) -> dict[str, Any]:
        """Return the card as plain values for a JSON file."""
        return {
            "format": CARD_FORMAT,
            "name": self.name,
            "crop": {
                "size": self.shape.size,
                "margin_fraction": self.shape.margin_fraction,
                "square": self.shape.square,
            },
            "framing": {"kind": self.framing.kind, "side": self.framing.side},
            "detector": self.detector,
            "age_groups": list(self.groups.first_ages),
            "calibration": self.calibration.to_json(),
            "attributes": {name: list(classes) for name, classes in self.attributes.items()},
            "precision": self.precision,
            "files": dict(self.files),
            **self.facts,
        }

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the card in the folder of an exported model.

        Raises:
            WeightsError: The card is missing, damaged or of another format.
        """
        path = folder / MODEL_FILE
        if not path.is_file():
            msg = f"{folder} is not an exported model: it has no {MODEL_FILE}. `dvc repro export` writes one."
            raise WeightsError(msg)
        problem: str | None
        try:
            card = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(card, dict) and card.get("format", CARD_FORMAT) != CARD_FORMAT:
                problem = f"it must have format {CARD_FORMAT}, not {str(card['format'])[:40]}"
            else:
                problem = find_wrong_value(card)
            if problem is None:
                return cls._from_json(card)
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError, AgelensError) as error:
            problem = " ".join(str(error).split())[:300] or type(error).__name__
        msg = f"{path} is damaged: {problem}. Export the model again."
        raise WeightsError(msg)

    @classmethod
    def _from_json(cls, card: dict[str, Any]) -> Self:
        own = {
            *("format", "name", "crop", "framing", "detector", "age_groups", "calibration", "attributes", "genders"),
            *("precision", "files"),
        }
        attributes = dict(card.get("attributes", {}))
        if card.get("genders"):  # models exported by earlier versions
            attributes["gender"] = card["genders"]
        return cls(
            name=card["name"],
            shape=CropShape(**card["crop"]),
            framing=Framing(**card.get("framing", {"kind": "box", "side": card["crop"]["size"]})),
            detector=card["detector"],
            groups=AgeGroups(tuple(card["age_groups"])),
            calibration=Calibration.from_json(card["calibration"]),
            attributes={name: tuple(classes) for name, classes in attributes.items()},
            precision=card.get("precision", "float32"),
            files=card.get("files", {}),
            facts={key: value for key, value in card.items() if key not in own},
        )
