"""The command `agelens`. Subcommands import heavy libraries when they run, so that `--help` is fast."""

import json
import os
import sys
from contextlib import nullcontext
from typing import Annotated

import typer

from agelens.data_prep.core.atomic import is_disk_full
from agelens.data_prep.core.errors import AgelensError, ParamsError
from agelens.pipeline.commands.clean import clean
from agelens.pipeline.commands.dashboard import dashboard
from agelens.pipeline.commands.data import data_app
from agelens.pipeline.commands.detector import detector_app
from agelens.pipeline.commands.eda import eda
from agelens.pipeline.commands.models.export import export
from agelens.pipeline.commands.models.publish import publish
from agelens.pipeline.commands.predict import predict
from agelens.pipeline.commands.protocol import protocol
from agelens.pipeline.commands.quiet_import import import_quietly
from agelens.pipeline.commands.servers import app as web_page
from agelens.pipeline.commands.servers import serve
from agelens.pipeline.commands.use import use
from agelens.pipeline.commands.video import video, webcam
from agelens.pipeline.commands.weights import weights_app
from agelens.pipeline.extras import EXTRAS, panel_of
from agelens.pipeline.prediction.text import printable
from agelens.pipeline.stages import STAGES
from agelens.pipeline.streams import make_streams_safe

TRAINING = panel_of("train")
"""Where `agelens --help` lists the commands of training."""

app = typer.Typer(
    help="Estimate ages from photographs of faces.",
    epilog="Predict: `agelens predict PHOTO`. Train: configure your data in params.yaml, or draw some with `agelens "
    "data synthetic`; then run `dvc repro` and `agelens summary`.",
    no_args_is_help=True,
    rich_markup_mode="markdown",  # joins the lines of a paragraph
    pretty_exceptions_enable=False,
)
app.add_typer(data_app, name="data", rich_help_panel=TRAINING)
app.add_typer(weights_app, name="weights")
app.add_typer(detector_app, name="detector", rich_help_panel=TRAINING)


def _show_version(wanted: bool) -> None:
    if wanted:
        from agelens import __version__  # noqa: PLC0415  it is looked up when it is asked for

        typer.echo(f"agelens {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Estimate ages from photographs of faces."""


app.command()(predict)
app.command(rich_help_panel=panel_of("video"))(video)
app.command(rich_help_panel=panel_of("video"))(webcam)
app.command(rich_help_panel=panel_of("serve"))(serve)
app.command("app", rich_help_panel=panel_of("app"))(web_page)
app.command(rich_help_panel=TRAINING)(export)
app.command(rich_help_panel=panel_of("hub"))(publish)
app.command()(use)


@app.command(rich_help_panel=TRAINING)
def run(
    stage: Annotated[
        str, typer.Argument(help=f"In the order of the pipeline: {', '.join(STAGES)}.", show_default=False)
    ],
) -> None:
    """Run one stage of the pipeline on the output of the stages before it.

    The usual command is `dvc repro`, which runs all stages that are out of date, in order.
    """
    from agelens.models.training.host_role import HostRole, read_host_role  # noqa: PLC0415
    from agelens.pipeline.commands.project import open_project  # noqa: PLC0415
    from agelens.pipeline.config.project_lock import project_lock  # noqa: PLC0415
    from agelens.pipeline.tracking.modes import check_tracking  # noqa: PLC0415

    if stage not in STAGES:
        msg = f"There is no stage {stage}. Stages: {', '.join(STAGES)}."
        raise ParamsError(msg)
    params, paths = open_project()
    check_tracking(paths)
    role = read_host_role(os.environ) if stage == "train" else HostRole()
    with project_lock(paths) if role.is_chief else nullcontext():  # other hosts write no file
        import_quietly(f"agelens.pipeline.stages.{stage}").run(params, paths)


@app.command(rich_help_panel=TRAINING)
def tune(
    workers: Annotated[int, typer.Option(help="Number of processes that train trials in parallel.", min=1)] = 1,
    max_trials: Annotated[int | None, typer.Option(hidden=True, min=1)] = None,
) -> None:
    """Search for the best settings of the head or the network, as configured in section tune of params.yaml.

    The same command resumes a search that was stopped or killed; changed settings start another search. It needs the
    cached features that `dvc repro cache_features` computes. Tables and pages are written to reports/search/. If
    `train.use_tuned` is true, `dvc repro` then takes the result over without training a trial again. For several
    machines, see docs/search.md.
    """
    from agelens.pipeline.commands.project import open_project  # noqa: PLC0415
    from agelens.pipeline.tracking.modes import check_tracking  # noqa: PLC0415

    params, paths = open_project()
    check_tracking(paths)
    if max_trials is not None:  # a child process of another search, which must not outlive it
        import_quietly("agelens.pipeline.search.processes").exit_when_stdin_closes()
    import_quietly("agelens.pipeline.commands.tuning").search_in_role(
        params, paths, workers=workers, max_trials=max_trials
    )


app.command(rich_help_panel=TRAINING)(protocol)
app.command()(clean)
app.command(rich_help_panel=TRAINING)(dashboard)
app.command(rich_help_panel=TRAINING)(eda)


@app.command(rich_help_panel=TRAINING)
def summary() -> None:
    """Show the results of the last run of the pipeline and useful next commands."""
    from agelens.pipeline.commands.data import warn_of_changed_raw_files  # noqa: PLC0415
    from agelens.pipeline.reports.summary import print_summary  # noqa: PLC0415

    print_summary()
    warn_of_changed_raw_files()


def main() -> None:
    """Run the command: expected errors and a full disk are one line with exit status 1, others keep their traceback."""
    make_streams_safe()
    try:
        app(prog_name="agelens")
    except AgelensError as error:
        from agelens.pipeline.config.writers import line_about  # noqa: PLC0415

        line = printable(line_about(error))
        if "--json" in sys.argv:
            typer.echo(json.dumps({"error": line}))
        typer.secho(f"agelens: {line}", fg="red", err=True)
        sys.exit(1)
    except ImportError as error:
        line = _what_is_missing(error)
        if not line:
            raise
        typer.secho(f"agelens: {printable(line)}", fg="red", err=True)
        sys.exit(1)
    except Exception as error:
        if not is_disk_full(error):
            raise
        name = getattr(error, "filename", None) or "a file"
        line = f"The disk is full: {name} cannot be written. Free space and run the same command again; it resumes."
        typer.secho(f"agelens: {printable(line)}", fg="red", err=True)
        sys.exit(1)


def _what_is_missing(error: ImportError) -> str:
    """Return one line about a package of an extra, or a library of the system, that is not installed; else nothing."""
    extra = EXTRAS.get((error.name or "").partition(".")[0])
    if isinstance(error, ModuleNotFoundError):
        return f"this command needs {error.name}: pip install 'agelens[{extra}]'" if extra else ""
    if "shared object" in str(error):
        return f"{error.name or 'a package'} needs a library of the system that is not installed: {error}"
    return ""
