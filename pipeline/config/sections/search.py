"""The section of the search: its budget, and the space of settings that it may choose from."""

import math
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from agelens.pipeline.config.sections.fields import (
    Activation,
    AgeHead,
    AgeLoss,
    Dropout,
    NotNegative,
    Schedule,
    Section,
    Smoothing,
)

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

    See `agelens.models.network.heads.HeadConfig`, `agelens.models.training.objective.Objective`; the rates are AdamW's.
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
    schedule: Domain[Schedule] | None = None


class NetworkSpace(SearchSpace):
    """What `scope: network` searches beside the head: see `agelens.tuning.recipe.Recipe`.

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
