"""What a Hyperband search costs before it is started (Li et al. 2018, JMLR 18:185; Keras Tuner's arithmetic)."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """A search's number of trials, where a promoted head counts again, and of epochs that they train in all."""

    trials: int
    epochs: int


def hyperband_budget(*, max_epochs: int, factor: int, iterations: int) -> Budget:
    """Return the cost of a search.

    Bracket b starts with `ceil(E / (b + 1) * factor^b)` heads, where `E = ceil(1 + log_factor(max_epochs))`, for
    `ceil(max_epochs / factor^b)` epochs; each further round keeps one in `factor` and trains it on to `factor` times
    as many epochs, up to `max_epochs`.

    Args:
        max_epochs: Epochs of a head that is promoted to the end.
        factor: Of how many heads one is promoted.
        iterations: How often all brackets are run.

    Examples:
        >>> hyperband_budget(max_epochs=20, factor=3, iterations=2)
        Budget(trials=60, epochs=452)
    """
    end_size = math.ceil(1 + math.log(max_epochs, factor))
    trials = epochs = bracket = 0
    while factor**bracket <= max_epochs:
        trained = 0
        for turn in range(bracket + 1):
            size = math.ceil(end_size / (bracket + 1) * factor ** (bracket - turn))
            until = math.ceil(max_epochs / factor ** (bracket - turn))
            trials += size
            epochs += size * (until - trained)
            trained = until
        bracket += 1
    return Budget(trials=trials * iterations, epochs=epochs * iterations)
