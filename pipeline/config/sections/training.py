"""The sections of the network, of its training, and of the stages after it."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, PositiveFloat, field_validator, model_validator

from agelens.data_prep.core.openvino_requests import FeatureSplit, Precision
from agelens.models.calibration.temperature import Statistic
from agelens.models.training.host_role import StrategyName
from agelens.pipeline.config.sections.fields import (
    Activation,
    AgeHead,
    AgeLoss,
    AttributeName,
    BackboneName,
    Count,
    CountOrNone,
    Dropout,
    NotNegative,
    Rate,
    Schedule,
    Section,
    Smoothing,
)

MAX_LAYERS = 100_000


class Model(Section):
    """The network: `weights` is imagenet, dlib, none, or a file for this backbone; `attributes` are predicted too."""

    backbone: BackboneName
    weights: str = "imagenet"
    age_head: AgeHead
    units: Count
    dropout: Dropout
    activation: Activation = "relu"
    second_units: CountOrNone = 0
    flip_average: bool = False
    attributes: tuple[AttributeName, ...] = ()

    @field_validator("attributes")
    @classmethod
    def _check_attributes(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names):
            msg = "an attribute must be named once"
            raise ValueError(msg)
        return names


class Loss(Section):
    """The losses and their weights; see `agelens.models.training.objective.Objective`."""

    age_loss: AgeLoss = "mae"
    delta: PositiveFloat = 1.0
    age_weight: float = Field(ge=0)
    group_weight: float = Field(ge=0)
    distribution_weight: float = Field(1.0, ge=0)
    sigma: PositiveFloat = 2.0
    attribute_weights: dict[AttributeName, NotNegative]
    label_smoothing: Smoothing = 0.0


class CacheFeatures(Section):
    """Stage `cache_features`: the number of views of each training crop, and the precision of their features.

    The precision also applies to the cached trunk. Features of validation crops are always float32.
    """

    views: Count
    precision: Precision = "bfloat16"

    def precision_of(self, part: FeatureSplit) -> Precision:
        """Return the precision of the features of a split."""
        return self.precision if part == "train" else "float32"


class Phase(Section):
    """One phase of training; see `agelens.models.training.phases.PhaseConfig`."""

    epochs: Count
    learning_rate: Rate
    batch_size: Count
    schedule: Schedule = "plateau"
    plateau_patience: Count = 3
    patience: CountOrNone = 0
    weight_decay: float = Field(0.0, ge=0)
    average: float = Field(0.0, ge=0, lt=1)


class Phase1(Phase):
    """Phase 1: the head, on cached features. `lr_factor` multiplies a learning rate that scope head has found."""

    lr_factor: PositiveFloat = 0.5


class Phase2(Phase):
    """Phase 2: the head and the top of the backbone.

    `unfreeze` is the first trainable block or layer, or a number of layers (see `agelens.models.network.backbones`);
    None is the default of the backbone. `trunk` cached computes the frozen layers once for each view and trains the
    rest on their output; live runs the whole network on each crop.
    """

    unfreeze: int | str | None = None
    trunk: Literal["live", "cached"] = "live"
    views: Count = 64

    @field_validator("unfreeze")
    @classmethod
    def _check_count(cls, first: int | str | None) -> int | str | None:
        if isinstance(first, int) and not 0 <= first <= MAX_LAYERS:
            msg = f"a number of layers must be from 0 to {MAX_LAYERS:,}"
            raise ValueError(msg)
        return first


class Train(Section):
    """Stage `train`: both phases; `use_tuned` takes the best settings of stage `tune`.

    `strategy` names the devices that train together; see `agelens.models.training.distribution`.
    """

    use_tuned: bool
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    strategy: StrategyName = "none"
    phase1: Phase1
    phase2: Phase2

    @model_validator(mode="after")
    def _check_trunk(self) -> Self:
        if self.phase2.trunk == "cached" and self.precision != "float32":
            msg = "phase2.trunk: cached needs train.precision float32, in which the top is trained"
            raise ValueError(msg)
        if self.phase2.trunk == "cached" and self.strategy != "none":
            msg = "phase2.trunk: cached needs train.strategy none; a cached trunk is trained on one device"
            raise ValueError(msg)
        return self


class Calibrate(Section):
    """Stage `calibrate`.

    `coverage` is the share of faces whose true age lies inside the prediction interval, `fit_temperature` whether a
    temperature is fitted where the head has an age distribution, `statistic` which one of that distribution is the
    predicted age, `min_share` the smallest central share of it that forms an interval, and `max_mae_cost` by how many
    years the MAE may rise for less bias at both ends of the range.
    """

    coverage: float = Field(0.9, gt=0, lt=1)
    fit_temperature: bool = True
    statistic: Statistic = "mean"
    max_mae_cost: float = Field(0.05, ge=0)
    min_share: float = Field(0.0, ge=0, le=1)


class Evaluate(Section):
    """Stage `evaluate`: `resamples` of the bootstrap intervals, and `robustness`, the test faces that are degraded."""

    resamples: Count = 1000
    robustness: int = Field(0, ge=0, le=100_000)


class Report(Section):
    """Stage `report`: `show_faces` adds crops to the report and to W&B runs."""

    show_faces: bool = True


DEMO_TRAINING_DATA = "synthetic faces, of no use on photographs"
"""`export.training_data` of params/demo.yaml, which is wrong for any other data."""


class Export(Section):
    """Stage `export`: entries of the model card, beside the metrics."""

    name: str
    training_data: str
    licence: str

    def describe_demo_text(self, readers: Mapping[str, str]) -> str | None:
        """Return a warning if the model card would describe photographs as the demo's drawn faces, else None.

        Args:
            readers: The reader of each source.
        """
        real = [name for name, reader in readers.items() if reader != "synthetic"]
        if self.training_data != DEMO_TRAINING_DATA or not real:
            return None
        return (
            f"export.training_data is the text of the demo ({DEMO_TRAINING_DATA}), but the sources contain "
            f"{', '.join(real)}; the model card must state what the model was trained on"
        )
