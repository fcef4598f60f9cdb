"""Weights & Biases, the only place that knows it: runs are kept offline unless the user is logged in.

`WANDB_MODE` is respected (`disabled` turns runs off). Everything that W&B writes stays inside the project.
"""

import netrc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, cast

import pandas as pd

from pipeline.paths import Paths


class Run:
    """One W&B run, as far as stages need it."""

    def __init__(self, run: Any) -> None:
        self._run = run

    def log_epoch(self, values: Mapping[str, float]) -> None:
        """Log one epoch; `values` holds `epoch`, the axis that both phases share."""
        self._run.log(dict(values))

    def summarise(self, values: Mapping[str, Any]) -> None:
        """Set the run's headline figures."""
        self._run.summary.update(dict(values))

    def log_picture(self, name: str, path: Path) -> None:
        """Log one picture file."""
        import wandb  # noqa: PLC0415

        self._run.log({name: wandb.Image(str(path))})

    def log_table(self, name: str, table: pd.DataFrame) -> None:
        """Log one table."""
        import wandb  # noqa: PLC0415

        self._run.log({name: wandb.Table(dataframe=table)})


@contextmanager
def tracked_run(job: str, *, paths: Paths, config: Mapping[str, Any], group: str | None = None) -> Iterator[Run]:
    """Start a W&B run for one stage, and finish it whatever happens.

    Args:
        job: The stage; W&B's job type.
        paths: Where runs are kept.
        config: The parameters that the run depends on.
        group: Runs that belong together.
    """
    _stay_inside(paths.wandb)
    import wandb  # noqa: PLC0415  reads its folders from the environment when it is imported

    run = wandb.init(
        project=os.environ.get("WANDB_PROJECT", "agelens"),
        job_type=job,
        group=group,
        config=dict(config),
        dir=str(paths.wandb.parent),
        mode=cast(Literal["online", "offline", "disabled"], wandb_mode()),
        settings=wandb.Settings(silent=True, console="off", x_disable_stats=True),
    )
    run.define_metric("epoch")
    run.define_metric("*", step_metric="epoch")
    try:
        yield Run(run)
    except BaseException:
        run.finish(exit_code=1)
        raise
    run.finish()


def wandb_mode() -> str:
    """Return W&B's mode: `WANDB_MODE` if set, online for those who are logged in, else offline."""
    if mode := os.environ.get("WANDB_MODE"):
        return mode
    return "online" if os.environ.get("WANDB_API_KEY") or _logged_in() else "offline"


def _logged_in() -> bool:
    try:
        return netrc.netrc().authenticators("api.wandb.ai") is not None
    except (OSError, netrc.NetrcParseError):
        return False


def _stay_inside(folder: Path) -> None:
    """Keep W&B's cache and staged artifacts beside its runs instead of in the home folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR"):
        os.environ.setdefault(name, str((folder / name.removeprefix("WANDB_").removesuffix("_DIR").lower()).resolve()))
