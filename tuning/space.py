"""The domains of the settings that a search varies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Value = int | float | str


@dataclass(frozen=True)
class Choices:
    """A domain of listed values."""

    values: tuple[Value, ...]


@dataclass(frozen=True)
class Range:
    """A domain of numbers.

    Args:
        low: Smallest value.
        high: Largest value; if both are integers, so are all values.
        log: Whether to sample uniformly on a log scale.
        step: Distance of allowed values, counted from `low`, a whole number between integers; None allows all values.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None


SearchSpace = Mapping[str, Choices | Range]
"""Domains by setting; all other settings keep their untuned values."""


def sample(hp: Any, space: SearchSpace) -> dict[str, Value]:
    """Return a value for each setting, which Keras Tuner's `HyperParameters` `hp` determine."""
    return {name: _sample(hp, name, domain) for name, domain in space.items()}


def _sample(hp: Any, name: str, domain: Choices | Range) -> Any:
    if isinstance(domain, Choices):
        return hp.Choice(name, list(domain.values))
    whole = isinstance(domain.low, int) and isinstance(domain.high, int)
    sampling = "log" if domain.log else "linear"
    if whole:
        step = None if domain.log else int(domain.step or 1)
        return hp.Int(name, domain.low, domain.high, step=step, sampling=sampling)
    return hp.Float(name, domain.low, domain.high, step=domain.step, sampling=sampling)
