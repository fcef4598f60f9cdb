"""The result of a search: the best settings that it found, and whether they or the untuned settings won."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from agelens.data_prep.core.atomic import read_json, write_json
from agelens.data_prep.core.errors import ParamsError

Winner = Literal["tuned", "untuned"]


@dataclass(frozen=True)
class BestSettings:
    """The best settings that a search found, the untuned settings, and which of them have the lower error.

    Args:
        winner: The settings with the lower mean; `untuned` if both are equal. `train` uses these.
        settings: The best settings found: arguments of `agelens.tuning.recipe.Recipe.with_settings`.
        val_age_mae: Mean validation MAE in years of models that were trained from scratch with them, one per seed.
        sd: Its standard deviation over the seeds; None for a single seed, which says nothing about it.
        untuned_val_age_mae: Mean validation MAE in years of the untuned settings.
        untuned_sd: Its standard deviation.
        seeds: Number of seeds.
        fingerprint: Identifies rows, features, settings and code of the search.
    """

    winner: Winner
    settings: Mapping[str, Any]
    val_age_mae: float
    sd: float | None
    untuned_val_age_mae: float
    untuned_sd: float | None
    seeds: int
    fingerprint: str

    @property
    def winning_settings(self) -> Mapping[str, Any]:
        """The settings that `train` uses: those found, or none, which leaves the recipe untuned."""
        return self.settings if self.winner == "tuned" else {}

    @property
    def lead(self) -> float:
        """Years by which the winner's mean is lower than the other one."""
        return abs(self.val_age_mae - self.untuned_val_age_mae)


def describe_winner(best: BestSettings, *, scope: str) -> str:
    """Return in one line what won, by how much, and whether the spread over seeds is smaller.

    Args:
        best: The result.
        scope: What was searched, `head` or `network`.
    """
    line = f"{best.winner} {scope} won by {best.lead:.3f} years"
    if best.sd is None or best.untuned_sd is None:
        return f"{line}; with one seed (tune.retrain.seeds) nothing is known about the spread"
    spread = max(best.sd, best.untuned_sd)
    comparison = "more" if best.lead > spread else "NOT more"
    return f"{line}, {comparison} than the standard deviation over {best.seeds} seeds ({spread:.3f})"


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
    content = read_json(path)
    if (found := content.get("fingerprint")) != fingerprint:
        msg = (
            f"{path} is the result of a search with other rows, features, settings or code ({found}, now "
            f"{fingerprint}); run `dvc repro tune`, or set train.use_tuned to false."
        )
        raise ParamsError(msg)
    try:
        return BestSettings(**content)
    except TypeError as error:  # a key is missing or unknown
        msg = f"{path} is damaged ({error}); run `dvc repro tune`."
        raise ParamsError(msg) from error
