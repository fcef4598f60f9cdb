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
    """Show the W&B runs of this project in the terminal, and save a workspace for them on W&B's server.

    Runs are offline unless W&B has a key: `wandb login` uploads later ones, and the printed command uploads those that
    are there already. With a key, a saved workspace is created on the server, or its panels are updated, and its
    address is printed; WANDB_MODE=offline sends nothing. docs/dashboards.md says what runs contain.
    """
    from agelens.data_prep.core.errors import DataError  # noqa: PLC0415
    from agelens.pipeline.commands.quiet_import import import_quietly  # noqa: PLC0415
    from agelens.pipeline.config.paths import Paths  # noqa: PLC0415
    from agelens.pipeline.tracking.local_runs import find_runs, project_address  # noqa: PLC0415
    from agelens.pipeline.tracking.modes import check_tracking, wandb_mode  # noqa: PLC0415

    paths = Paths()
    check_tracking(paths)
    runs = find_runs(paths.wandb)
    online = wandb_mode() == "online"
    if not runs and not online:
        msg = f"There is no W&B run in {paths.wandb}. Run `dvc repro`, and check that WANDB_MODE is not disabled."
        raise DataError(msg)
    offline = [run for run in runs if run.offline]
    if runs:
        typer.echo(f"{len(runs)} runs in {paths.wandb}, the newest is {runs[0].name}")
    if offline:
        typer.echo(
            f"{len(offline)} are offline; to upload them: wandb login, then wandb sync {paths.wandb}/offline-run-*"
        )
    if online:
        workspace = import_quietly("agelens.pipeline.tracking.workspace").save_workspace(paths)
        if workspace:
            typer.echo(f"workspace: {workspace}")
    if address := project_address():
        typer.echo(f"online: {address}")
    if runs and show and sys.stdout.isatty():
        subprocess.run([sys.executable, "-m", "wandb", "leet", str(paths.wandb)], check=False)
