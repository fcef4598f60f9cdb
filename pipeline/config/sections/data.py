"""The sections of the stages from raw folders to views of faces."""

import math
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    Field,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from agelens.data_prep.batches.augment import STRENGTH_LIMITS
from agelens.data_prep.core.labels import MAX_AGE
from agelens.data_prep.core.openvino_requests import Precision
from agelens.pipeline.config.sections.fields import (
    DetectorSquare,
    Fraction,
    Section,
    Share,
)


class Source(Section):
    """One data set.

    `path` is its folder (or table), `reader` how it is read (default: the source's own name), `no_face` what to do
    with an image in which no face is found: `drop` it, or take the `whole_image` where the source holds crops.
    `image_size` is the detector's largest square for this source; None takes that of `crop_faces`.
    """

    path: Path
    reader: Literal["utkface", "b3fd", "adience", "fgnet", "table", "synthetic"]
    no_face: Literal["drop", "whole_image"] = "drop"
    image_size: DetectorSquare | None = None
    subset: Literal["all", "iws", "cs", "imdb", "wiki"] | None = None
    min_photo_year: int | None = None

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        if self.reader != "b3fd" and (self.subset or self.min_photo_year):
            msg = "subset and min_photo_year are options of b3fd alone"
            raise ValueError(msg)
        return self

    @property
    def options(self) -> dict[str, Any]:
        """Options of the reader that were given."""
        given = {"subset": self.subset, "min_photo_year": self.min_photo_year}
        return {name: value for name, value in given.items() if value is not None}


class BuildManifest(Section):
    """Stage `build_manifest`."""

    max_age: int = Field(MAX_AGE, ge=1, le=MAX_AGE)


class CropFaces(Section):
    """Stage `crop_faces`: how faces are found and cut, and which are kept.

    `image_size` is the detector's largest square (a smaller image gets a smaller one), which a source may set for
    itself; `size` the crop's side in pixels. `runtime` auto takes torch where CUDA is, else OpenVINO, which computes in
    `precision`; `engine` ray shares the work out over a cluster. Of the limits on faces, `min_side` is in pixels of the
    box's shorter side, and 0 turns each of them off.
    """

    image_size: DetectorSquare = 320
    runtime: Literal["auto", "openvino", "torch"] = "auto"
    precision: Precision = "bfloat16"
    engine: Literal["local", "ray"] = "local"
    min_score: float = Fraction
    size: int = Field(160, ge=32, le=512)
    margin_fraction: float = Field(0.15, ge=0, le=2)
    square: bool = True
    min_side: float = Field(0.0, ge=0)
    min_sharpness: float = Field(0.0, ge=0)
    max_faces: int = Field(0, ge=0)


class Deduplicate(Section):
    """Stage `deduplicate`: when two pictures are the same, and when their labels conflict."""

    max_bits: int = Field(10, ge=0, le=32)
    min_correlation: float = Fraction
    max_age_gap: float = Field(2.0, ge=0)
    max_photo_files: PositiveInt = 20


class Split(Section):
    """Stage `split`: the shares of the three splits, which add up to 1."""

    train: float = Share
    val: float = Share
    test: float = Share

    @model_validator(mode="after")
    def _check_sum(self) -> Self:
        total = self.train + self.val + self.test
        if not math.isclose(total, 1, abs_tol=1e-6):
            msg = f"train, val and test must add up to 1, not to {total:g}"
            raise ValueError(msg)
        return self


class Rebalance(Section):
    """Stage `rebalance`: rare ages are copied, common ones cut, and the age loss weighted if asked."""

    min_count: int = Field(10, ge=0)
    copies: PositiveInt = 3
    max_count: PositiveInt = 2000
    weights: Literal["none", "inverse", "smoothed"] = "none"
    weight_power: float = Field(0.5, ge=0, le=1)
    weight_sigma: PositiveFloat = 2.0

    @model_validator(mode="after")
    def _check_counts(self) -> Self:
        if self.min_count > self.max_count:
            msg = f"min_count ({self.min_count}) must be at most max_count ({self.max_count})"
            raise ValueError(msg)
        return self


class Augment(Section):
    """How views differ from the picture; see `agelens.data_prep.batches.augment.Augmentation`."""

    flip: bool
    shift: float = Fraction
    zoom: float = Fraction
    rotation_degrees: float = Field(ge=0, le=STRENGTH_LIMITS["rotation_degrees"])
    brightness: float = Fraction
    contrast: float = Fraction
    saturation: float = Fraction
    erase: float = Field(0.0, ge=0, le=STRENGTH_LIMITS["erase"])
