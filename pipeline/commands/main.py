"""The command `agelens`. Subcommands import heavy libraries when they run, so that `--help` is fast."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from agelens.data_prep.core.errors import AgelensError, ParamsError
from agelens.pipeline.commands.data import data_app
from agelens.pipeline.commands.detector import detector_app
from agelens.pipeline.commands.protocol import protocol
from agelens.pipeline.commands.quiet_import import import_quietly
from agelens.pipeline.commands.use import use
from agelens.pipeline.commands.weights import weights_app
from agelens.pipeline.stages import STAGES

TRAINING_PACKAGES = {"tensorflow", "keras", "keras_tuner", "ultralytics", "wandb", "matplotlib", "jinja2", "torch"}
"""Import names of packages that the base installation does not have and the extra `train` installs."""

app = typer.Typer(
    help="Estimate ages from photographs of faces.",
    epilog="Predict: `agelens predict PHOTO`. Train: configure your data in params.yaml, or draw some with `agelens "
    "data synthetic`; then run `dvc repro` and `agelens summary`.",
    no_args_is_help=True,
    rich_markup_mode="markdown",  # joins the lines of a paragraph
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(data_app, name="data")
app.add_typer(weights_app, name="weights")
app.add_typer(detector_app, name="detector")


@app.command()
def predict(
    paths: Annotated[list[Path], typer.Argument(help="Photographs, or folders with photographs.", show_default=False)],
    largest: Annotated[
        bool, typer.Option("--largest", help="Predict only the largest face of each photograph.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON per photograph instead of a table.")
    ] = False,
    csv: Annotated[Path | None, typer.Option(help="Write a table with one row per face to this CSV file.")] = None,
    draw: Annotated[
        Path | None,
        typer.Option(help="Write copies with boxes and ages to this folder.", show_default=False),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="Folder of an exported model, such as weights/exported; default: the bundled model."),
    ] = None,
    gender: Annotated[
        bool,
        typer.Option(
            "--gender", help="Also predict gender, as annotators would label it, if the model has this output."
        ),
    ] = False,
) -> None:
    """Predict age, prediction interval and age group of every face in photographs, with its box.

    Photographs without a face and files that cannot be read are listed and do not stop the others.
    The exit status is 1 if no file could be read. Nothing is sent over the network.
    """
    from agelens.pipeline.prediction.output import predict_and_print  # noqa: PLC0415

    predict_and_print(paths, largest=largest, as_json=as_json, csv=csv, draw=draw, model=model, gender=gender)


app.command()(use)


@app.command()
def run(
    stage: Annotated[
        str, typer.Argument(help=f"In the order of the pipeline: {', '.join(STAGES)}.", show_default=False)
    ],
) -> None:
    """Run one stage of the pipeline on the output of the stages before it.

    The usual command is `dvc repro`, which runs all stages that are out of date, in order.
    """
    from agelens.pipeline.config.params import read_params  # noqa: PLC0415
    from agelens.pipeline.config.paths import Paths  # noqa: PLC0415

    if stage not in STAGES:
        msg = f"There is no stage {stage}. Stages: {', '.join(STAGES)}."
        raise ParamsError(msg)
    paths = Paths()
    params = read_params(paths.params)
    import_quietly(f"agelens.pipeline.stages.{stage}").run(params, paths)


@app.command()
def tune(
    workers: Annotated[int, typer.Option(help="Number of processes that train trials in parallel.", min=1)] = 1,
    max_trials: Annotated[int | None, typer.Option(hidden=True, min=1)] = None,
) -> None:
    """Search for the best settings of the head or the network, as configured in section tune of params.yaml.

    The same command resumes a search that was stopped or killed; changed settings start another search. It needs the
    cached features that `dvc repro cache_features` computes. The stage `dvc repro tune` runs the same search, but only
    if `train.use_tuned` is true. For several machines, see docs/search.md.
    """
    from agelens.pipeline.config.params import read_params  # noqa: PLC0415
    from agelens.pipeline.config.paths import Paths  # noqa: PLC0415

    paths = Paths()
    params = read_params(paths.params)
    if max_trials is not None:  # a child process of another search, which must not outlive it
        import_quietly("agelens.pipeline.search.processes").exit_when_stdin_closes()
    import_quietly("agelens.pipeline.commands.tuning").search_in_role(
        params, paths, workers=workers, max_trials=max_trials
    )


app.command()(protocol)


@app.command()
def summary() -> None:
    """Show the results of the last run of the pipeline and useful next commands."""
    from agelens.pipeline.reports.summary import print_summary  # noqa: PLC0415

    print_summary()


def main() -> None:
    """Run the command: expected errors are printed in one line with exit status 1, others keep their traceback."""
    try:
        app(prog_name="agelens")
    except AgelensError as error:
        if "--json" in sys.argv:
            typer.echo(json.dumps({"error": str(error)}))
        typer.secho(f"agelens: {error}", fg="red", err=True)
        sys.exit(1)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in TRAINING_PACKAGES:
            raise
        line = f"agelens: this command needs {error.name}: pip install 'agelens[train]'"
        typer.secho(line, fg="red", err=True)
        sys.exit(1)
