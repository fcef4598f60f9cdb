"""The command `agelens`. Heavy libraries are imported by the commands that need them, so `--help` is at once there."""

import json
import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from agelens.data_prep.core.errors import AgelensError, ParamsError
from agelens.pipeline.commands.cross_validation import protocol
from agelens.pipeline.commands.detector import detector_app
from agelens.pipeline.commands.weights import weights_app
from agelens.pipeline.stages import STAGES

TRAINING_PACKAGES = {"tensorflow", "keras", "keras_tuner", "ultralytics", "wandb", "matplotlib", "jinja2", "torch"}
"""What the base install lacks, by the names under which it is imported."""

app = typer.Typer(
    help="Ages from photographs of faces.",
    epilog="To try it: `agelens predict PHOTO`. To train: name your data in params.yaml, or begin with `agelens data "
    "synthetic`; then `dvc repro`, and `agelens summary`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
data_app = typer.Typer(help="Data sets: draw the synthetic one.", no_args_is_help=True)
app.add_typer(data_app, name="data")
app.add_typer(weights_app, name="weights")
app.add_typer(detector_app, name="detector")
app.command()(protocol)


@app.command()
def predict(
    paths: Annotated[
        list[Path], typer.Argument(help="Photographs, or folders that are searched for them.", show_default=False)
    ],
    largest: Annotated[
        bool, typer.Option("--largest", help="Answer only for the largest face of each photograph.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON per photograph instead of a table.")
    ] = False,
    csv: Annotated[Path | None, typer.Option(help="Write a table with one row per face to this file.")] = None,
    draw: Annotated[
        Path | None,
        typer.Option(help="Write copies with boxes and ages into this folder.", show_default=False),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="Folder of a model, such as weights/exported; default: the bundled model."),
    ] = None,
    gender: Annotated[
        bool,
        typer.Option("--gender", help="Also tell the gender that annotators would see, if the model was taught it."),
    ] = False,
) -> None:
    """Tell age, interval, age group and place of every face in photographs.

    Photographs without a face and files that are missing or cannot be read are named; the rest goes on.
    The exit status is 1 if no file could be read. Nothing leaves this machine.
    """
    from agelens.pipeline.prediction.output import predict_and_print  # noqa: PLC0415

    predict_and_print(paths, largest=largest, as_json=as_json, csv=csv, draw=draw, model=model, gender=gender)


@app.command()
def run(
    stage: Annotated[
        str, typer.Argument(help=f"One of, in the order of the pipeline: {', '.join(STAGES)}.", show_default=False)
    ],
) -> None:
    """Run one stage of the pipeline by itself, on what the stages before it left.

    `dvc repro` is the usual way: it runs all stages that are out of date, in order.
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
    workers: Annotated[int, typer.Option(help="Processes that train trials side by side.", min=1)] = 1,
    renew_after: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Search for the best head on the cached features; params.yaml says where, under `tune`.

    A search that was stopped or killed goes on where it was; changed settings begin another one. Needs what
    `dvc repro cache_features` leaves. `dvc repro tune` runs the same search, but only for a training that uses it.
    For several machines, see docs/search.md.
    """
    from agelens.pipeline.config.params import read_params  # noqa: PLC0415
    from agelens.pipeline.config.paths import Paths  # noqa: PLC0415

    paths = Paths()
    params = read_params(paths.params)
    if renew_after is not None:  # a process of another one's, which it must not outlive
        import_quietly("agelens.pipeline.search.shares").end_with_input()
    import_quietly("agelens.pipeline.search.workers").tune(params, paths, workers=workers, most=renew_after)


@app.command()
def use(
    name: Annotated[
        str, typer.Argument(help="Name of a file in params/ without .yaml, such as demo.", show_default=False)
    ],
) -> None:
    """Choose the pipeline's settings: copy params/NAME.yaml over params.yaml.

    Edits of params.yaml that are not committed are never overwritten.
    """
    source, target = Path("params") / f"{name}.yaml", Path("params.yaml")
    if not source.is_file():
        known = ", ".join(sorted(path.stem for path in Path("params").glob("*.yaml")))
        msg = f"There is no {source}. " + (f"Known: {known}." if known else "Run it in a checkout of agelens.")
        raise ParamsError(msg)
    if target.is_file() and not _is_copy(target) and _has_edits(target):
        msg = f"{target} has edits that are not committed; commit them, or move the file away."
        raise ParamsError(msg)
    shutil.copyfile(source, target)
    typer.echo(f"params.yaml is now {source}; run `dvc repro`.")


@app.command()
def summary() -> None:
    """Show the results of the last run of the pipeline, and what to do next."""
    from agelens.pipeline.reports.summary import print_summary  # noqa: PLC0415

    print_summary()


@data_app.command()
def synthetic(
    folder: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("data/raw/synthetic"),
    count: Annotated[
        int, typer.Option(help="Number of portraits; some duplicates and broken files come on top.", min=10)
    ] = 900,
    seed: Annotated[int, typer.Option(help="The same seed draws the same faces.")] = 7,
    size: Annotated[int, typer.Option(help="Side of the pictures in pixels.", min=64)] = 320,
) -> None:
    """Draw a set of synthetic faces with exact ages, for the demo and for tests."""
    from agelens.data_prep.synthetic.collection import write_synthetic  # noqa: PLC0415
    from agelens.pipeline.progress import progress_bar  # noqa: PLC0415

    with progress_bar("drawing faces", total=count) as advance:
        write_synthetic(folder, count=count, seed=seed, size=size, progress=lambda _: advance(1))


def import_quietly(module: str) -> Any:
    """Import a module without the lines that TensorFlow's libraries print of themselves while they load.

    They write to the process's error stream before any of their own settings count.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            return import_module(module)
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _is_copy(target: Path) -> bool:
    """Return whether params.yaml is an untouched copy of one of params/."""
    content = target.read_bytes()
    return any(path.read_bytes() == content for path in Path("params").glob("*.yaml"))


def _has_edits(target: Path) -> bool:
    """Return whether git does not hold what a file says; where git cannot be asked, nothing does."""
    if shutil.which("git") is None:
        return True
    asked = subprocess.run(
        ["git", "status", "--porcelain", "--", str(target)], capture_output=True, text=True, check=False
    )
    return asked.returncode != 0 or bool(asked.stdout.strip())


def main() -> None:
    """Run the command; expected errors are one line and exit 1, anything else is a bug and keeps its traceback."""
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
