"""The result of a search: the settings that `train` uses."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agelens.data_prep.core.atomic import write_json
from agelens.data_prep.core.errors import ParamsError


@dataclass(frozen=True)
class BestSettings:
    """The best settings of a search, their validation error, and the error of the untuned settings.

    Args:
        settings: Arguments of `agelens.tuning.recipe.Recipe.with_settings`.
        val_age_mae: Mean validation MAE in years of models that were trained from scratch, one per seed.
        sd: Its standard deviation over the seeds; 0 for a single seed.
        untuned_val_age_mae: Mean validation MAE in years of the untuned settings.
        untuned_sd: Its standard deviation.
        seeds: Number of seeds.
        fingerprint: Identifies rows, features, settings and code of the search.
    """

    settings: Mapping[str, Any]
    val_age_mae: float
    sd: float
    untuned_val_age_mae: float
    untuned_sd: float
    seeds: int
    fingerprint: str


def format_settings(settings: Mapping[str, Any]) -> str:
    """Return settings as one line of text."""
    return ", ".join(
        f"{name.replace('_', ' ')} {value:.3g}" if isinstance(value, float) else f"{name.replace('_', ' ')} {value}"
        for name, value in settings.items()
    )


def write_best(path: Path, best: BestSettings) -> None:
    """Write the result as JSON."""
    write_json(path, asdict(best))


def write_no_best(path: Path) -> None:
    """Write a result without settings, which `read_best` rejects: the search was skipped."""
    write_json(path, {"fingerprint": "nothing was searched"})


def read_best(path: Path, *, fingerprint: str) -> BestSettings:
    """Read the result of the search with a fingerprint.

    Raises:
        ParamsError: The file is missing, or is the result of another search.
    """
    if not path.is_file():
        msg = f"train.use_tuned needs {path}; run `dvc repro tune`, or set train.use_tuned to false."
        raise ParamsError(msg)
    content = json.loads(path.read_text())
    if (found := content.get("fingerprint")) != fingerprint:
        msg = (
            f"{path} is the result of a search with other rows, features, settings or code ({found}, now "
            f"{fingerprint}); run `dvc repro tune`, or set train.use_tuned to false."
        )
        raise ParamsError(msg)
    return BestSettings(**content)
