"""The sections of the stages from raw folders to the views of crops."""

import inspect
import math
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_type_hints

from pydantic import ConfigDict, Field, PositiveFloat, create_model, model_validator

from agelens.data_prep.batches.augment import STRENGTH_LIMITS
from agelens.data_prep.core.labels import MAX_AGE
from agelens.data_prep.core.openvino_requests import Precision
from agelens.data_prep.readers import READERS
from agelens.data_prep.readers.age_origins import AGE_ORIGINS, AgeOrigin
from agelens.pipeline.config.sections.fields import (
    Count,
    CountOrNone,
    DetectorSide,
    Fraction,
    NotNegative,
    ReaderName,
    Rows,
    Section,
    Share,
    SourceName,
)


class Source(Section):
    """One data set. Further keys are the options of its reader: the keyword-only arguments of the function.

    `path` is its folder (for reader `table`, the file), `reader` how it is read (default: the name of the source).
    `no_face` applies to an image without a face: `drop` it, or keep the `whole_image` as a crop if the source holds
    chips. `image_size` replaces that of `crop_faces` for this source. `links_into` lists further folders that files of
    the source may be links into, such as the cache of DVC or of a hub. `age_origin` says how its ages were found out,
    where the reader does not know it; see `agelens.data_prep.readers.age_origins`.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    path: Path
    reader: ReaderName
    no_face: Literal["drop", "whole_image"] = "drop"
    image_size: DetectorSide | None = None
    links_into: tuple[Path, ...] = ()
    age_origin: AgeOrigin | None = None

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        _ = self.options  # an impossible one is an error
        return self

    @property
    def origin(self) -> AgeOrigin:
        """How the ages of the source were found out."""
        return self.age_origin or AGE_ORIGINS.get(self.reader, "unknown")

    @property
    def options(self) -> dict[str, Any]:
        """Options of the reader that are set."""
        return _options_model(self.reader).model_validate(self.model_extra).model_dump(exclude_unset=True)


@cache
def _options_model(reader: str) -> type[Section]:
    """Return a section with a field for each keyword-only argument of a reader."""
    function = READERS[reader]
    hints = get_type_hints(function)
    arguments = inspect.signature(function).parameters.values()
    options: dict[str, Any] = {
        each.name: (hints[each.name], ... if each.default is each.empty else each.default)
        for each in arguments
        if each.kind is each.KEYWORD_ONLY
    }
    return create_model(reader, __base__=Section, **options)


class BuildManifest(Section):
    """Stage `build_manifest`: older ages become `max_age`."""

    max_age: int = Field(MAX_AGE, ge=1, le=MAX_AGE)


class CropFaces(Section):
    """Stage `crop_faces`: how faces are detected and cut, and which are kept.

    `fallback_score` is a lower threshold for images in which no face reaches `min_score`; 0 turns it off.
    `image_size` is the largest input side of the detector, `size` the side of a crop, both in pixels. `runtime` auto
    is torch with CUDA, else OpenVINO, which computes in `precision`; `engine` ray uses a cluster. `min_side` limits the
    shorter side of a box in pixels, `min_sharpness` the variance of the crop's Laplacian, `max_faces` the faces of a
    photograph; 0 turns each of these limits off.
    """

    image_size: DetectorSide = 320
    runtime: Literal["auto", "openvino", "torch"] = "auto"
    precision: Precision = "bfloat16"
    engine: Literal["local", "ray"] = "local"
    min_score: float = Fraction
    fallback_score: float = Field(0.0, ge=0, le=1)
    size: int = Field(160, ge=32, le=512)
    margin_fraction: float = Field(0.15, ge=0, le=2)
    square: bool = True
    min_side: float = Field(0.0, ge=0)
    min_sharpness: float = Field(0.0, ge=0)
    max_faces: CountOrNone = 0

    @model_validator(mode="after")
    def _check_fallback(self) -> Self:
        if self.fallback_score >= self.min_score > 0:
            msg = f"fallback_score ({self.fallback_score:g}) must be below min_score ({self.min_score:g}); 0: off"
            raise ValueError(msg)
        return self


class LocatePoints(Section):
    """Stage `locate_points`: how the network frames a face, and the side of what it sees in pixels.

    `framing` points aligns eyes, nose and mouth; box shows the whole crop. `view_size` 0 is the crop's size.
    """

    framing: Literal["points", "box"] = "box"
    view_size: int = Field(default=0, ge=0, le=512)


class Deduplicate(Section):
    """Stage `deduplicate`: when two images are duplicates, and when their labels conflict."""

    max_bits: int = Field(10, ge=0, le=32)
    min_correlation: float = Fraction
    compare_faces: bool = True
    max_age_gap: float = Field(2.0, ge=0)
    max_photo_files: Count = 20


class Split(Section):
    """Stage `split`: the shares of the three splits, which sum to 1, and a `salt` for another deal.

    All rows of the sources in `zero_shot` are in the test split, and are evaluated by themselves.
    """

    train: float = Share
    val: float = Share
    test: float = Share
    salt: str = ""
    zero_shot: list[SourceName] = Field(default=[])

    @model_validator(mode="after")
    def _check_sum(self) -> Self:
        total = self.train + self.val + self.test
        if not math.isclose(total, 1, abs_tol=1e-6):
            msg = f"train, val and test must sum to 1, not to {total:g}"
            raise ValueError(msg)
        return self


class Rebalance(Section):
    """Stage `rebalance`: rare ages are repeated, common ones cut, and rows weighted in the age loss."""

    min_count: int = Field(10, ge=0, le=1_000_000_000)
    copies: Count = 3
    max_count: Rows = 2000
    weights: Literal["none", "inverse", "smoothed"] = "none"
    weight_power: float = Field(0.5, ge=0, le=1)
    weight_sigma: PositiveFloat = 2.0

    @model_validator(mode="after")
    def _check_counts(self) -> Self:
        if self.min_count > self.max_count:
            msg = f"min_count ({self.min_count}) must be at most max_count ({self.max_count})"
            raise ValueError(msg)
        return self


Range = tuple[Annotated[float, Fraction], NotNegative, NotNegative]
"""A share of the views, and the lowest and the highest value of those."""


class Camera(Section):
    """Views that look like photographs and prints; see `agelens.data_prep.batches.camera.CameraAugmentation`."""

    share: float = Field(0.55, ge=0, le=1)
    shift: float = Field(0.04, ge=0, le=1)
    zoom: float = Field(0.09, ge=0, le=1)
    rotation_degrees: float = Field(15.0, ge=0, le=180)
    far_share: float = Field(0.08, ge=0, le=1)
    far_rotation_degrees: float = Field(25.0, ge=0, le=180)
    brightness: float = Field(0.18, ge=0, le=1)
    contrast: float = Field(0.35, ge=0, le=1)
    saturation: float = Field(0.35, ge=0, le=1)
    grey: float = Field(0.25, ge=0, le=1)
    gamma: tuple[NotNegative, NotNegative] = (0.3, 0.375)
    print_share: float = Field(0.4, ge=0, le=1)
    print_cast: float = Field(0.22, ge=0, le=1)
    print_levels: tuple[NotNegative, NotNegative] = (60.0, 70.0)
    blur: Range = (0.25, 0.4, 2.0)
    noise: Range = (0.40, 2.0, 14.0)
    small: Range = (0.45, 34.0, 130.0)
    jpeg: Range = (0.40, 30.0, 95.0)
    erase: tuple[NotNegative, NotNegative] = (0.12, 0.12)


class Augment(Section):
    """How strongly views differ from the crop; see `agelens.data_prep.batches.augment.Augmentation`."""

    flip: bool
    shift: float = Fraction
    zoom: float = Fraction
    rotation_degrees: float = Field(ge=0, le=STRENGTH_LIMITS["rotation_degrees"])
    brightness: float = Fraction
    contrast: float = Fraction
    saturation: float = Fraction
    erase: float = Field(0.0, ge=0, le=STRENGTH_LIMITS["erase"])
    camera: Camera | None = None


class Eda(Section):
    """Stage `eda`: a box with a shorter side below `tiny_side` pixels is tiny.

    `show_faces` adds `faces_per_band` sample faces of each source and age band to the page.
    """

    tiny_side: float = Field(default=48.0, ge=0)
    show_faces: bool = True
    faces_per_band: Count = 8
