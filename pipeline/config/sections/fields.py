"""What values in params.yaml may be, and what a section is."""

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
)

Fraction = Field(ge=0, le=1)
Share = Field(gt=0, lt=1)
Dropout = Annotated[float, Field(ge=0, lt=1)]
NotNegative = Annotated[float, Field(ge=0)]
Smoothing = Annotated[float, Field(ge=0, lt=1)]
Activation = Literal["relu", "swish", "gelu"]
AgeHead = Literal["linear", "distribution"]
AgeLoss = Literal["mae", "mse", "huber"]
Schedule = Literal["constant", "plateau", "cosine"]
SourceName = Annotated[str, Field(pattern=r"^[\w-]+$")]
"""It begins the names of images and of their crops."""
SIDE_STEP = 32
"""A network halves the side of a picture five times."""
DetectorSquare = Annotated[int, Field(ge=SIDE_STEP, multiple_of=SIDE_STEP)]
"""Side in pixels."""


class Section(BaseModel):
    """A section of params.yaml: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)
