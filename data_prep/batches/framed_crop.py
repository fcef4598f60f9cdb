"""A stored crop and how the network frames it: what datasets, caches and predictions read."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agelens.data_prep.faces.alignment import Floats


@dataclass(frozen=True, eq=False)
class FramedCrop:
    """One crop on disk, and the transform to the view that the network sees.

    Args:
        path: The crop, a square JPEG.
        transform: `(2, 3)` from pixels of the crop to pixels of the view; None where the crop is the view.
    """

    path: Path
    transform: Floats | None = None

    @property
    def transform_hash(self) -> str:
        """Short name of the transform, for keys of caches; empty where there is none."""
        if self.transform is None:
            return ""
        return hashlib.sha256(np.round(self.transform, 3).tobytes()).hexdigest()[:8]
