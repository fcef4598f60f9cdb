"""A running W&B run with the operations that stages need."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import Any

import pandas as pd
from rich.markup import escape

from agelens.pipeline.progress import say

ANSWER_TIMEOUT = 30.0
"""Seconds to wait until W&B's server has recorded an artifact."""


class Run:
    """A W&B run; without one, where W&B is disabled, nothing is logged.

    Args:
        run: What `wandb.init` returned, or None.
        show_faces: Whether the run may hold crops of people.
    """

    def __init__(self, run: Any, *, show_faces: bool = False) -> None:
        self._run, self._show_faces, self._declares = run, show_faces, True

    @property
    def active(self) -> bool:
        """Whether anything is logged."""
        return self._run is not None

    @property
    def online(self) -> bool:
        """Whether the run is connected to W&B's server."""
        return self.active and not self._run.offline

    @property
    def show_faces(self) -> bool:
        """Whether crops of people are logged."""
        return self.active and self._show_faces

    @property
    def id(self) -> str | None:
        """The id of the run."""
        return self._run.id if self.active else None

    def may_show_faces(self) -> bool:
        """Return whether crops of people are logged; if they leave this machine, print how to keep them here."""
        if self.show_faces and self.online:
            say("faces are sent to W&B; report.show_faces: false keeps them on this machine")
        return self.show_faces

    def log(self, values: Mapping[str, Any], *, step: int | None = None) -> None:
        """Log values, which may be media of W&B."""
        if self.active:
            self._run.log(dict(values), step=step)

    def log_epoch(self, values: Mapping[str, float]) -> None:
        """Log the metrics of one epoch; `values` contains `epoch`, which both phases of a training share as axis.

        The epoch is also W&B's step: a resumed run that logs an epoch again does not have it twice.
        """
        self.log(values, step=int(values["epoch"]))

    def summarise(self, values: Mapping[str, Any]) -> None:
        """Set summary metrics of the run."""
        if self.active:
            self._run.summary.update(dict(values))

    def log_artifact(self, artifact: Any, *, aliases: Sequence[str] | None = None) -> None:
        """Log an artifact that the run has made; it is uploaded in the background, or with an offline run."""
        if self.online:
            self._declare(self._run.log_artifact, artifact, aliases=aliases)
        elif self.active:
            self._run.log_artifact(artifact, aliases=aliases)

    def use_artifact(self, artifact: Any, *, aliases: Sequence[str] | None = None) -> None:
        """Declare an artifact that an online run uses, and log it if the server does not have it."""
        if self.online:
            self._declare(self._run.use_artifact, artifact, aliases=aliases)

    def _declare(self, call: Callable[..., Any], artifact: Any, *, aliases: Sequence[str] | None) -> None:
        """Ask the server about an artifact; after a failure, which is printed, it is not asked again by this run.

        Lineage is not worth a failed stage, or one that waits: W&B repeats requests for a day.
        """
        if self._declares and (failure := _failure_of(lambda: call(artifact, aliases=aliases), seconds=ANSWER_TIMEOUT)):
            self._declares = False
            say(f"W&B did not record the artifact {artifact.name} of this run ({escape(failure)})")

    def log_image(self, name: str, path: Path) -> None:
        """Log an image file."""
        if self.active:
            import wandb  # noqa: PLC0415

            self.log({name: wandb.Image(data_or_path=str(path))})

    def log_table(self, name: str, table: pd.DataFrame) -> None:
        """Log a table."""
        if self.active:
            import wandb  # noqa: PLC0415

            self.log({name: wandb.Table(dataframe=table)})


def _failure_of(call: Callable[[], Any], *, seconds: float) -> str | None:
    """Return in one line why a call failed, or that it did not end in time; None if it succeeded."""
    failures = []

    def run() -> None:
        try:
            call()
        except Exception as error:  # W&B's client raises errors of many kinds, without a common base
            failures.append(str(error).partition("\n")[0])

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    return f"no answer within {seconds:g} seconds" if thread.is_alive() else next(iter(failures), None)
