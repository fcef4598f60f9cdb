"""What a search may choose: for each setting a list of values or a range. params.yaml says which."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Value = int | float | str


@dataclass(frozen=True)
class Choices:
    """One of some values."""

    values: tuple[Value, ...]


@dataclass(frozen=True)
class Range:
    """A number from `low` to `high`, whole if both are, evenly or on a log scale, anywhere or in steps."""

    low: float
    high: float
    log: bool = False
    step: float | None = None


Space = Mapping[str, Choices | Range]
"""What each setting may be; a setting that is left out stays as the untuned head has it."""


def choose(hp: Any, space: Space) -> dict[str, Value]:
    """Let Keras Tuner choose a value for each setting; `hp` are its `HyperParameters`."""
    return {name: _choose(hp, name, domain) for name, domain in space.items()}


def _choose(hp: Any, name: str, domain: Choices | Range) -> Any:
    if isinstance(domain, Choices):
        return hp.Choice(name, list(domain.values))
    whole = isinstance(domain.low, int) and isinstance(domain.high, int)
    sampling = "log" if domain.log else "linear"
    step = domain.step if domain.step is not None or not whole or domain.log else 1
    return (hp.Int if whole else hp.Float)(name, domain.low, domain.high, step=step, sampling=sampling)
