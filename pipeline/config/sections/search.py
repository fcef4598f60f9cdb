"""The section of the search: its budget, and the domains of the settings that it varies."""

import math
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import Field, PositiveFloat, field_validator, model_validator

from agelens.pipeline.config.sections.fields import (
    Activation,
    AgeHead,
    AgeLoss,
    Count,
    CountOrNone,
    Dropout,
    NotNegative,
    Rate,
    Rows,
    Schedule,
    Section,
    Smoothing,
)
from agelens.tuning.search_config import SearchConfig, TunerName

Setting = TypeVar("Setting")


class Domain(Section, Generic[Setting]):
    """The values of one setting: some `choices`, or the numbers from `low` to `high`.

    A range is linear or, with `log`, logarithmic; `step` counts from `low`, and is a whole number where the setting is
    one. A plain list means `choices`.
    """

    choices: list[Setting] | None = Field(None, min_length=1)
    low: Setting | None = None
    high: Setting | None = None
    log: bool = False
    step: Count | PositiveFloat | None = None

    @model_validator(mode="before")
    @classmethod
    def _take_list(cls, content: Any) -> Any:
        return {"choices": content} if isinstance(content, list) else content

    @model_validator(mode="after")
    def _check_form(self) -> Self:
        if self.choices is not None:
            if self.low is not None or self.high is not None or self.log or self.step:
                msg = "choices cannot be combined with low, high, log or step"
                raise ValueError(msg)
            return self
        low, high = self.numbers
        if not low < high:
            msg = "needs choices, or numbers low and high with low below high"
            raise ValueError(msg)
        if self.log and (low <= 0 or self.step):
            msg = "a log scale needs low above 0, and no step"
            raise ValueError(msg)
        self._check_step(low, high)
        return self

    def _check_step(self, low: float, high: float) -> None:
        if self.step is None:
            return
        if isinstance(low, int) and isinstance(high, int) and self.step != int(self.step):
            msg = f"step must be a whole number like low and high, not {self.step:g}"
            raise ValueError(msg)
        if self.step > high - low:
            msg = f"step must be at most high - low ({high - low:g}), not {self.step:g}"
            raise ValueError(msg)

    @property
    def numbers(self) -> tuple[float, float]:
        """Both ends of the range; NaN if this is no range."""
        low, high = (end if isinstance(end, int | float) else math.nan for end in (self.low, self.high))
        return low, high


class SpaceSection(Section):
    """The domain of each setting; a setting without one keeps the value of the untuned network."""

    @model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if not self.domains:
            msg = "at least one setting must be searched"
            raise ValueError(msg)
        return self

    @property
    def domains(self) -> dict[str, Domain[Any]]:
        """The domains of the settings that are searched, by name."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: domain for name, domain in given.items() if domain is not None}


class Space(SpaceSection):
    """SpaceSection for both scopes: the settings of the head, of the losses and of phase 1.

    tests/pipeline/config/test_params_search.py compares their limits with those of sections `model`, `loss`, `train`.
    """

    units: Domain[Count] | None = None
    second_units: Domain[CountOrNone] | None = None
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
    learning_rate: Domain[Rate] | None = None
    weight_decay: Domain[NotNegative] | None = None
    schedule: Domain[Schedule] | None = None


class NetworkSpace(SpaceSection):
    """Further domains of `scope: network`; see `agelens.tuning.recipe.Recipe`.

    `unfreeze` has names of blocks or numbers of layers, `augment_strength` factors of the strengths in `augment`.
    """

    unfreeze: Domain[CountOrNone | str] | None = None
    phase2_learning_rate: Domain[Rate] | None = None
    augment_strength: Domain[Annotated[float, Field(ge=0, le=2)]] | None = None

    @field_validator("unfreeze")
    @classmethod
    def _check_one_kind(cls, domain: Domain[Any] | None) -> Domain[Any] | None:
        if domain is not None and len({type(value) for value in domain.choices or ()}) > 1:
            msg = "choices must be all names of blocks, or all numbers of layers"
            raise ValueError(msg)
        return domain


class Retrain(Section):
    """How many of the best settings are trained again from scratch, each with how many seeds, to rule out luck."""

    top: Count = 5
    seeds: Count = 3


class Tune(Section):
    """Stage `tune`: the tuner and its budget, and the domains of the settings; see `SearchConfig` of `agelens.tuning`.

    `scope` head trains heads on cached features. Scope network then trains each head with the top of the backbone, on
    at most `subset` training rows and as many validation rows, and also varies the settings of `network_space`.
    """

    scope: Literal["head", "network"] = "head"
    subset: Rows = 2000

    tuner: TunerName = "hyperband"
    max_epochs: int = Field(20, ge=2, le=100_000)
    factor: int = Field(3, ge=2, le=100)
    hyperband_iterations: Count = 2
    max_trials: CountOrNone = 0
    initial_points: CountOrNone = 0
    exploration: NotNegative = 2.6
    batch_size: Count
    retrain: Retrain = Retrain()
    space: Space
    network_space: NetworkSpace | None = None

    @model_validator(mode="after")
    def _check_scope(self) -> Self:
        if self.scope == "network" and self.network_space is None:
            msg = "scope: network needs a network_space, with at least one of " + ", ".join(NetworkSpace.model_fields)
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _check_initial_points(self) -> Self:
        if self.tuner == "bayesian" and self.initial_points >= (trials := self.config(seed=0).budget.trials) > 1:
            msg = f"initial_points must be below the number of trials ({trials}), not {self.initial_points}"
            raise ValueError(msg)
        return self

    def config(self, *, seed: int) -> SearchConfig:
        """Return the tuner and its budget."""
        return SearchConfig(
            tuner=self.tuner,
            max_epochs=self.max_epochs,
            factor=self.factor,
            iterations=self.hyperband_iterations,
            max_trials=self.max_trials,
            initial_points=self.initial_points,
            exploration=self.exploration,
            seed=seed,
        )

    @property
    def domains(self) -> dict[str, Domain[Any]]:
        """The domains of the settings that this scope searches, by name."""
        more = self.network_space.domains if self.scope == "network" and self.network_space else {}
        return {**self.space.domains, **more}
