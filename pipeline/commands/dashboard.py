"""The command `agelens dashboard`."""

import subprocess
import sys
from typing import Annotated

import typer


def dashboard(
    show: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the terminal viewer; --no-open only prints where runs are.")
    ] = True,
) -> None:
    """Show the W&B runs of this project in the terminal, and where they are online.

    Runs are offline unless W&B has a key: `wandb login` uploads later ones, and the printed command uploads those that
    are there already. docs/dashboards.md says what runs contain.
    """
    from agelens.data_prep.core.errors import DataError  # noqa: PLC0415
    from agelens.pipeline.config.paths import Paths  # noqa: PLC0415
    from agelens.pipeline.tracking.local_runs import find_runs, project_address  # noqa: PLC0415

    paths = Paths()
    runs = find_runs(paths.wandb)
    if not runs:
        msg = f"There is no W&B run in {paths.wandb}. Run `dvc repro`, and check that WANDB_MODE is not disabled."
        raise DataError(msg)
    offline = [run for run in runs if run.offline]
    typer.echo(f"{len(runs)} runs in {paths.wandb}, the newest is {runs[0].name}")
    if offline:
        typer.echo(
            f"{len(offline)} are offline; to upload them: wandb login, then wandb sync {paths.wandb}/offline-run-*"
        )
    if address := project_address():
        typer.echo(f"online: {address}")
    if show and sys.stdout.isatty():
        subprocess.run([sys.executable, "-m", "wandb", "leet", str(paths.wandb)], check=False)
