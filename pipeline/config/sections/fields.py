"""The base class of sections, and types of settings that several sections share."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from agelens.data_prep.core.labels import ATTRIBUTES
from agelens.data_prep.readers import READERS


class Section(BaseModel):
    """A section of params.yaml: unknown keys and infinite numbers are errors, and values cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def name_in(registry: Mapping[str, Any]) -> AfterValidator:
    """Return a check that a setting is one of the names of a registry."""

    def check(name: str) -> str:
        if name not in registry:
            msg = f"must be one of {', '.join(registry)}"
            raise ValueError(msg)
        return name

    return AfterValidator(check)


Fraction = Field(ge=0, le=1)
Share = Field(gt=0, lt=1)
Dropout = Annotated[float, Field(ge=0, lt=1)]
NotNegative = Annotated[float, Field(ge=0)]
Smoothing = Annotated[float, Field(ge=0, lt=1)]

AttributeName = Annotated[str, name_in(ATTRIBUTES)]
ReaderName = Annotated[str, name_in(READERS)]
SourceName = Annotated[str, Field(pattern=r"^[\w-]+$")]
"""The first part of the ids of images and of the names of their crops."""

Count = Annotated[int, Field(gt=0, le=100_000)]
"""A number of epochs, views, units or resamples. A higher number is a mistake that would only show after hours."""

CountOrNone = Annotated[int, Field(ge=0, le=100_000)]
"""Like a `Count`; 0 means none, or no limit."""

Rows = Annotated[int, Field(gt=0, le=1_000_000_000)]
"""A number of rows of a table."""

Rate = Annotated[float, Field(gt=0, le=10)]
"""A learning rate."""

DetectorSide = Annotated[int, Field(ge=32, le=4096, multiple_of=32)]
"""Pixels; the detector halves the side of an image five times."""

# tests/pipeline/config/test_from_section.py compares these with the code that takes them, which needs Keras to import.
Activation = Literal["relu", "swish", "gelu"]
AgeHead = Literal["linear", "distribution"]
AgeLoss = Literal["mae", "mse", "huber"]
BackboneName = Literal["efficientnet_b0", "resnet50", "efficientnet_lite0", "dlib_resnet29", "tiny"]
Schedule = Literal["constant", "plateau", "cosine"]
