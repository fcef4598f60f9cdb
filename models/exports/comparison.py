"""Compares the outputs of an exported file with those of the model that it was exported from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.labels import AgeGroups
from agelens.models.calibration.calibration import Calibration
from agelens.models.exports.calibrated_network import DISTRIBUTION, GROUP_OUTPUT, PROBABILITIES, YEARS_OUTPUTS
from agelens.models.serving.decoding import decode
from agelens.models.serving.runtime import NetworkOutputs

Floats = npt.NDArray[np.float64]

MAE_LOSS = "mae_loss"
"""Name of the difference of two MAEs among the differences."""


@dataclass(frozen=True)
class Limits:
    """How far the outputs of an export may be from those of the model, on average over all crops.

    Args:
        age: Years.
        interval: Years, of each end of the prediction interval. Its ends are whole years, so that a small change of the
            age distribution moves some of them by one year.
        group: Share of faces with another age group.
        probability: Total variation distance of each output of probabilities.
        mae_loss: Years by which the MAE may rise, where true ages are known.
    """

    age: float
    interval: float
    group: float
    probability: float
    mae_loss: float

    def of(self, name: str) -> float:
        """Return the limit of one of the differences of `compare`."""
        named = {"age": self.age, GROUP_OUTPUT: self.group, MAE_LOSS: self.mae_loss}
        return named.get(name, self.interval if name in YEARS_OUTPUTS else self.probability)


FLOAT_LIMITS = Limits(age=0.05, interval=0.1, group=0.02, probability=0.01, mae_loss=0.05)
INT8_LIMITS = Limits(age=0.5, interval=1.0, group=0.1, probability=0.05, mae_loss=0.15)


def expected_outputs(
    raw: NetworkOutputs, *, calibration: Calibration, groups: AgeGroups, attributes: Sequence[str]
) -> dict[str, Floats]:
    """Return what an export must return, computed as `agelens predict` does, in Python and float64.

    Args:
        raw: `(N, ...)` outputs of the model by name, before calibration.
        calibration: Of the model.
        groups: Of the model.
        attributes: Those that are exported.
    """
    decoded = decode(raw, calibration=calibration, groups=groups)
    outputs: dict[str, Floats] = {
        **dict(zip(YEARS_OUTPUTS, (decoded.age, decoded.age_low, decoded.age_high), strict=True)),
        GROUP_OUTPUT: decoded.age_group.astype(np.float64),
        PROBABILITIES: decoded.probabilities,
        **{name: decoded.attributes[name] for name in attributes},
    }
    if DISTRIBUTION in raw:
        outputs[DISTRIBUTION] = np.asarray(raw[DISTRIBUTION], dtype=np.float64)
    return {name: output.reshape(len(output), -1) for name, output in outputs.items()}


def compare(
    found: Mapping[str, npt.NDArray[np.generic]], expected: Mapping[str, Floats], *, true_ages: Floats | None = None
) -> dict[str, float]:
    """Return the mean difference of each output, and of the MAEs where true ages are known.

    Args:
        found: `(N, ...)` outputs of the export by name.
        expected: From `expected_outputs`.
        true_ages: `(N,)`; NaN where no exact age is known.

    Raises:
        DataError: The export lacks an output, or returns one of another shape.
    """
    differences: dict[str, float] = {}
    for name, right in expected.items():
        shape = found[name].shape if name in found else None
        if shape != right.shape:
            msg = f"The export must return {name} with the shape {right.shape}. Received: {shape or sorted(found)}."
            raise DataError(msg)
        gaps = np.abs(np.asarray(found[name], dtype=np.float64) - right).sum(axis=1)
        if name == GROUP_OUTPUT:
            gaps = (gaps > 0).astype(np.float64)
        elif name not in YEARS_OUTPUTS:
            gaps /= 2
        differences[name] = float(gaps.mean())
    if true_ages is not None and (known := np.isfinite(true_ages)).any():
        errors = [np.abs(ages["age"][known, 0] - true_ages[known]).mean() for ages in (found, expected)]
        differences[MAE_LOSS] = float(errors[0] - errors[1])
    return differences


def check_within(differences: Mapping[str, float], limits: Limits, *, label: str, crops: int) -> None:
    """Check the differences of an export.

    Raises:
        DataError: One of them is above its limit or not a number.
    """
    for name, difference in differences.items():
        if not difference <= limits.of(name):  # written so that NaN is rejected too
            msg = (
                f"The {label} export was not written: its {name} must differ from that of the model by at most "
                f"{limits.of(name)} on average over {crops} crops. Received: {difference:.3f}. Choose another format."
            )
            raise DataError(msg)
