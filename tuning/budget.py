"""The number of trials and epochs of a Hyperband search (Li et al. 2018, JMLR 18:185), as Keras Tuner counts them."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """The number of trials of a search, in which a promoted model counts again, and their epochs in total."""

    trials: int
    epochs: int


def hyperband_budget(*, max_epochs: int, factor: int, iterations: int) -> Budget:
    """Return the budget of a search.

    Bracket b starts with `ceil(E / (b + 1) * factor^b)` models, where `E = ceil(1 + log_factor(max_epochs))`, and
    trains them for `ceil(max_epochs / factor^b)` epochs. Each further round promotes one in `factor` and multiplies
    the epochs by `factor`, up to `max_epochs`.

    Args:
        max_epochs: Epochs of a model that is promoted to the last round.
        factor: One in so many models is promoted.
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
