"""The search's result as `train` takes it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agelens.data_prep.core.atomic import write_json
from agelens.data_prep.core.errors import ParamsError


@dataclass(frozen=True)
class BestHead:
    """The best settings found, how good they were, and what they were found on.

    Args:
        settings: All that `agelens.tuning.recipe.Recipe.with_settings` takes, and nothing of the tuner's own.
        val_age_mae: Mean validation MAE in years of heads that were trained from scratch with them, one per seed.
        sd: Standard deviation of the same over the seeds; 0 for a single one.
        untuned_val_age_mae: The same mean for the untuned head.
        untuned_sd: Its standard deviation.
        seeds: How many seeds.
        fingerprint: Names rows, features, settings and code of the search.
    """

    settings: Mapping[str, Any]
    val_age_mae: float
    sd: float
    untuned_val_age_mae: float
    untuned_sd: float
    seeds: int
    fingerprint: str


def describe(settings: Mapping[str, Any]) -> str:
    """Return settings as one line for people."""
    return ", ".join(
        f"{name.replace('_', ' ')} {value:.3g}" if isinstance(value, float) else f"{name.replace('_', ' ')} {value}"
        for name, value in settings.items()
    )


def write_best(path: Path, best: BestHead) -> None:
    """Write the result as JSON."""
    write_json(path, asdict(best))


def write_no_best(path: Path) -> None:
    """Write that nothing was searched; `read_best` refuses it."""
    write_json(path, {"fingerprint": "nothing was searched"})


def read_best(path: Path, *, fingerprint: str) -> BestHead:
    """Read a result that was found on these rows, features and settings.

    Raises:
        ParamsError: It is missing, or was found on something else.
    """
    if not path.is_file():
        msg = f"train.use_tuned needs {path}; run `dvc repro tune`, or set train.use_tuned to false."
        raise ParamsError(msg)
    content = json.loads(path.read_text())
    if (found := content.get("fingerprint")) != fingerprint:
        msg = (
            f"{path} was found on other rows, features, settings or code ({found}, now {fingerprint}); "
            "run `dvc repro tune`, or set train.use_tuned to false."
        )
        raise ParamsError(msg)
    return BestHead(**content)
