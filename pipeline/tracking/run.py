"""A running W&B run with the operations that stages need."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.markup import escape

from agelens.pipeline.progress import say


class Run:
    """A W&B run; without one, where W&B is disabled, nothing is logged.

    Args:
        run: What `wandb.init` returned, or None.
        show_faces: Whether the run may hold crops of people.
    """

    def __init__(self, run: Any, *, show_faces: bool = False) -> None:
        self._run, self._show_faces = run, show_faces

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
        if self.active:
            self._run.log_artifact(artifact, aliases=aliases)

    def use_artifact(self, artifact: Any, *, aliases: Sequence[str] | None = None) -> None:
        """Declare an artifact that the run uses, and log it if the server does not have it.

        Lineage is not worth a failed stage: an error of the server is printed.
        """
        if not self.online:
            return
        import wandb  # noqa: PLC0415

        try:
            self._run.use_artifact(artifact, aliases=aliases)
        except (wandb.errors.Error, ValueError) as error:
            say(f"W&B did not record that this run uses {artifact.name} ({escape(str(error).partition(chr(10))[0])})")

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
