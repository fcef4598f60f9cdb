"""The sections of params.yaml, one class each: what may stand there, and what it stands for."""

import math
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from data_prep.labels import MAX_AGE

Fraction = Field(ge=0, le=1)
Share = Field(gt=0, lt=1)
Dropout = Annotated[float, Field(ge=0, lt=1)]
NotNegative = Annotated[float, Field(ge=0)]
Smoothing = Annotated[float, Field(ge=0, lt=1)]
Activation = Literal["relu", "swish", "gelu"]
AgeHead = Literal["linear", "distribution"]
AgeLoss = Literal["mae", "mse", "huber"]
SourceName = Annotated[str, Field(pattern=r"^[\w-]+$")]
"""It begins the names of images and of their crops."""
DetectorSquare = Annotated[int, Field(ge=32, multiple_of=32)]
"""Side in pixels; the network halves it five times."""


class Section(BaseModel):
    """A section of params.yaml: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Section):
    """One data set.

    `path` is its folder (or table), `reader` how it is read (default: the source's own name), `no_face` what to do
    with an image in which no face is found: `drop` it, or take the `whole_image` where the source holds crops.
    `image_size` is the detector's square for this source; None takes that of `crop_faces`.
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

    `image_size` is the detector's square, which a source may set for itself; `size` the crop's side in pixels.
    `runtime` auto takes torch where CUDA is, else OpenVINO; `engine` ray shares the work out over a cluster. Of the
    limits on faces, `min_side` is in pixels of the box's shorter side, and 0 turns each of them off.
    """

    image_size: DetectorSquare = 320
    runtime: Literal["auto", "openvino", "torch"] = "auto"
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


LARGEST = {"rotation_degrees": 90.0, "erase": 0.5}
"""The largest strengths of views; all others end at 1."""


class Augment(Section):
    """How views differ from the picture; see `data_prep.augment.Augmentation`."""

    flip: bool
    shift: float = Fraction
    zoom: float = Fraction
    rotation_degrees: float = Field(ge=0, le=LARGEST["rotation_degrees"])
    brightness: float = Fraction
    contrast: float = Fraction
    saturation: float = Fraction
    erase: float = Field(0.0, ge=0, le=LARGEST["erase"])


class Model(Section):
    """The network: `weights` is imagenet, none, or a file for this backbone; `heads` are outputs beside the age."""

    backbone: Literal["efficientnet_b0", "resnet50", "efficientnet_lite0", "tiny"]
    weights: str = "imagenet"
    age_head: AgeHead
    units: PositiveInt
    dropout: Dropout
    activation: Activation = "relu"
    second_units: int = Field(0, ge=0)
    flip_average: bool = False
    heads: list[Literal["gender", "ethnicity"]] = []

    @field_validator("heads")
    @classmethod
    def _check_heads(cls, heads: list[str]) -> list[str]:
        if len(set(heads)) < len(heads):
            msg = "a head must be named once"
            raise ValueError(msg)
        return heads


class Loss(Section):
    """What is trained for; see `models.objective.Objective`."""

    age_loss: AgeLoss = "mae"
    delta: PositiveFloat = 1.0
    age_weight: float = Field(ge=0)
    group_weight: float = Field(ge=0)
    distribution_weight: float = Field(1.0, ge=0)
    sigma: PositiveFloat = 2.0
    gender_weight: float = Field(0.3, ge=0)
    ethnicity_weight: float = Field(0.2, ge=0)
    label_smoothing: Smoothing = 0.0


class CacheFeatures(Section):
    """Stage `cache_features`: how many views of each training picture are kept."""

    views: PositiveInt


Setting = TypeVar("Setting")


class Domain(Section, Generic[Setting]):
    """What one setting may be: one of `choices`, or a number from `low` to `high`.

    A range is even or on a `log` scale; `step` counts from `low`. A plain list stands for choices.
    """

    choices: list[Setting] | None = Field(None, min_length=1)
    low: Setting | None = None
    high: Setting | None = None
    log: bool = False
    step: PositiveInt | PositiveFloat | None = None

    @model_validator(mode="before")
    @classmethod
    def _take_list(cls, content: Any) -> Any:
        return {"choices": content} if isinstance(content, list) else content

    @model_validator(mode="after")
    def _check_form(self) -> Self:
        if self.choices is not None:
            if self.low is not None or self.high is not None or self.log or self.step:
                msg = "choices stand alone, without low, high, log and step"
                raise ValueError(msg)
            return self
        low, high = self.numbers
        if not low < high:
            msg = "needs choices, or two numbers low and high with low below high"
            raise ValueError(msg)
        if self.log and (low <= 0 or self.step):
            msg = "a log scale needs low above 0, and no step"
            raise ValueError(msg)
        return self

    @property
    def numbers(self) -> tuple[float, float]:
        """Both ends of the range; not a number where there is none."""
        low, high = (end if isinstance(end, int | float) else math.nan for end in (self.low, self.high))
        return low, high


class SearchSpace(Section):
    """What a search may choose for each setting; one that is left out stays as the untuned network has it."""

    @model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if not self.domains:
            msg = "at least one setting must be searched"
            raise ValueError(msg)
        return self

    @property
    def domains(self) -> dict[str, Domain[Any]]:
        """The settings that are searched, by name."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: domain for name, domain in given.items() if domain is not None}


class Space(SearchSpace):
    """What is searched of a head and how it is trained.

    See `models.heads.HeadConfig`, `models.objective.Objective`; the rates are AdamW's.
    """

    units: Domain[PositiveInt] | None = None
    second_units: Domain[NonNegativeInt] | None = None
    dropout: Domain[Dropout] | None = None
    activation: Domain[Activation] | None = None
    age_head: Domain[AgeHead] | None = None
    age_loss: Domain[AgeLoss] | None = None
    delta: Domain[PositiveFloat] | None = None
    age_weight: Domain[NotNegative] | None = None
    group_weight: Domain[NotNegative] | None = None
    distribution_weight: Domain[NotNegative] | None = None
    sigma: Domain[PositiveFloat] | None = None
    label_smoothing: Domain[Smoothing] | None = None
    learning_rate: Domain[PositiveFloat] | None = None
    weight_decay: Domain[NotNegative] | None = None


class NetworkSpace(SearchSpace):
    """What `scope: network` searches beside the head: see `tuning.recipe.Recipe`.

    `unfreeze` has names of blocks or numbers of layers, `augment_strength` factors of the strengths in `augment`.
    """

    unfreeze: Domain[NonNegativeInt | str] | None = None
    phase2_learning_rate: Domain[PositiveFloat] | None = None
    augment_strength: Domain[Annotated[float, Field(ge=0, le=2)]] | None = None

    @field_validator("unfreeze")
    @classmethod
    def _check_one_kind(cls, domain: Domain[Any] | None) -> Domain[Any] | None:
        if domain is not None and len({type(value) for value in domain.choices or ()}) > 1:
            msg = "choices must be names of blocks, or numbers of layers, not both"
            raise ValueError(msg)
        return domain


class Retrain(Section):
    """How many of the best heads are trained again from scratch, and over how many seeds: "best" must not be luck."""

    top: PositiveInt = 5
    seeds: PositiveInt = 3


class Tune(Section):
    """Stage `tune`: Hyperband's budget, and what it searches over.

    `scope` head trains heads on cached features; network goes on to train each with the top of the backbone, on at most
    `subset` training rows and as many validation rows, and chooses from `network_space` too.
    """

    scope: Literal["head", "network"] = "head"
    subset: PositiveInt = 2000

    max_epochs: int = Field(20, ge=2)
    factor: int = Field(3, ge=2)
    hyperband_iterations: PositiveInt = 2
    batch_size: PositiveInt
    retrain: Retrain = Retrain()
    space: Space
    network_space: NetworkSpace | None = None

    @model_validator(mode="after")
    def _check_scope(self) -> Self:
        if self.scope == "network" and self.network_space is None:
            msg = "scope: network needs a network_space, with at least one of " + ", ".join(NetworkSpace.model_fields)
            raise ValueError(msg)
        return self

    @property
    def domains(self) -> dict[str, Domain[Any]]:
        """The settings that are searched in this scope, by name."""
        more = self.network_space.domains if self.scope == "network" and self.network_space else {}
        return {**self.space.domains, **more}


class Phase(Section):
    """One phase of training; see `models.training.PhaseConfig`."""

    epochs: PositiveInt
    learning_rate: PositiveFloat
    batch_size: PositiveInt
    schedule: Literal["constant", "plateau", "cosine"] = "plateau"
    plateau_patience: PositiveInt = 3
    patience: int = Field(0, ge=0)
    weight_decay: float = Field(0.0, ge=0)
    average: float = Field(0.0, ge=0, lt=1)


class Phase1(Phase):
    """Phase 1, the head on frozen features; a learning rate tuned in `scope: head` is multiplied by `lr_factor`."""

    lr_factor: PositiveFloat = 0.5


class Phase2(Phase):
    """Phase 2, the head and the top of the backbone; see `models.backbones.unfreeze`.

    `unfreeze` null takes the backbone's own default. `trunk` cached computes all below it once for each view, and
    trains the rest on what was kept; live runs the whole network on each picture.
    """

    unfreeze: int | str | None = None
    trunk: Literal["live", "cached"] = "live"
    views: PositiveInt = 64

    @field_validator("unfreeze")
    @classmethod
    def _check_count(cls, first: int | str | None) -> int | str | None:
        if isinstance(first, int) and first < 0:
            msg = "a number of layers must be at least 0"
            raise ValueError(msg)
        return first


class Train(Section):
    """Stage `train`."""

    use_tuned: bool
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    phase1: Phase1
    phase2: Phase2

    @model_validator(mode="after")
    def _check_trunk(self) -> Self:
        if self.phase2.trunk == "cached" and self.precision != "float32":
            msg = "phase2.trunk: cached needs precision float32, in which the trunk is computed"
            raise ValueError(msg)
        return self


class Calibrate(Section):
    """Stage `calibrate`.

    `coverage` is the share of people whose age the interval must hold, `max_mae_cost` how many years the MAE may rise
    for less bias at both ends of the range.
    """

    coverage: float = Field(0.9, gt=0, lt=1)
    max_mae_cost: float = Field(0.05, ge=0)


class Evaluate(Section):
    """Stage `evaluate`: bootstrap resamples, and whether the report may show the worst faces."""

    resamples: PositiveInt = 1000
    show_faces: bool = True


class Export(Section):
    """Stage `export`: what the model card says beside the figures."""

    name: str
    training_data: str
    licence: str
