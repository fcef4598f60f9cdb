"""Labels of the rows that the age network is trained on, as arrays and tensors."""

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from agelens.data_prep.core.labels import attribute_indices
from benchmarks.bundled_model.age_network import FIRST_AGES
from benchmarks.bundled_model.faces import Faces
from benchmarks.bundled_model.label_targets import AGES, Floats, label_distributions

ETHNICITIES = {"East Asian": "Asian", "Southeast Asian": "Asian"}
"""Terms of FairFace, and those of UTKFace that they are trained as."""


@dataclass(frozen=True)
class TrainingRows:
    """Rows of the splits train and val.

    Args:
        faces: Table and crops.
        labels: `(N, 101)`, the distribution of each label.
        train: Places of the rows of the training split.
        fold: `(N,)` fold of each row; rows of one group share it.
    """

    faces: Faces
    labels: Floats
    train: npt.NDArray[np.int64]
    fold: npt.NDArray[np.int64]

    @property
    def low(self) -> Floats:
        """First age of each label."""
        return self.faces.table["age_low"].to_numpy(float)

    @property
    def high(self) -> Floats:
        """Last age of each label."""
        return self.faces.table["age_high"].to_numpy(float)

    @property
    def source(self) -> npt.NDArray[np.str_]:
        """Source of each row."""
        return self.faces.table["source"].to_numpy(str)

    def loss_weights(self, settings: dict[str, Any]) -> npt.NDArray[np.float32]:
        """Return how much each row weighs in a variant's loss; 0 for its fold and for sources that it leaves out."""
        weights = np.ones(len(self.labels), np.float32)
        weights[self.fold == settings.get("fold", -1)] = 0
        weights[np.isin(self.source, settings.get("without", []))] = 0
        for source, factor in settings.get("source_weight", {}).items():
            weights[self.source == source] *= factor
        return weights

    def tensors(self, targets: Floats, *, device: str) -> dict[str, torch.Tensor]:
        """Return all labels, with the given targets `(N, 101)`, by name."""
        starts = [*FIRST_AGES, len(AGES)]
        arrays = {
            "target": targets.astype(np.float32),
            "group": np.stack([self.labels[:, a:b].sum(1) for a, b in pairwise(starts)], axis=1).astype(np.float32),
            "low": self.low.astype(np.float32),
            "high": self.high.astype(np.float32),
            "exact": self.low == self.high,
            "gender": attribute_indices(self.faces.table["gender"], "gender"),
            "ethnicity": attribute_indices(self.faces.table["ethnicity"].replace(ETHNICITIES), "ethnicity"),
        }
        return {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}


def make_rows(faces: Faces, *, folds: int, sigma: float, smear: float) -> TrainingRows:
    """Return the rows with their label distributions and folds."""
    table = faces.table
    labels = label_distributions(
        table["age_low"].to_numpy(float), table["age_high"].to_numpy(float), sigma=sigma, smear=smear
    )
    fold = np.array([_fold_of(str(group), folds) for group in table["group"]])
    return TrainingRows(faces, labels, faces.rows("train"), fold)


def _fold_of(group: str, folds: int) -> int:
    return int(hashlib.sha256(f"fold/{group}".encode()).hexdigest()[:8], 16) % folds
