"""What the search may choose: a list of values for each setting of the head."""

from dataclasses import dataclass, replace
from typing import Any

from models.heads import HeadConfig


@dataclass(frozen=True)
class SearchSpace:
    """The values of each setting; everything else comes from the untuned head."""

    units: tuple[int, ...]
    dropout: tuple[float, ...]
    learning_rate: tuple[float, ...]


def choose_head(hp: Any, space: SearchSpace, *, base: HeadConfig) -> tuple[HeadConfig, float]:
    """Let Keras Tuner choose a head.

    Args:
        hp: Keras Tuner's `HyperParameters`.
        space: What it may choose.
        base: The untuned head.

    Returns:
        The head and the learning rate to train it with.
    """
    units = int(hp.Choice("units", list(space.units)))
    dropout = float(hp.Choice("dropout", list(space.dropout)))
    learning_rate = float(hp.Choice("learning_rate", list(space.learning_rate)))
    return replace(base, units=units, dropout=dropout), learning_rate
