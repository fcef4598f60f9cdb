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

from data_prep.errors import AgelensError, ParamsError
from pipeline.stages import STAGES

app = typer.Typer(
    help="Ages from photographs of faces: crop, train, tune, evaluate, predict.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
data_app = typer.Typer(help="Data sets.", no_args_is_help=True)
weights_app = typer.Typer(help="Pretrained files: list, fetch, verify.", no_args_is_help=True)
detector_app = typer.Typer(help="The face detector: train, export.", no_args_is_help=True)
app.add_typer(data_app, name="data")
app.add_typer(weights_app, name="weights")
app.add_typer(detector_app, name="detector")


@app.command()
def predict(
    paths: Annotated[list[Path], typer.Argument(help="Photographs, or folders of them.", show_default=False)],
    largest: Annotated[bool, typer.Option("--largest", help="Only the largest face of each photograph.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per photograph.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write one row per face to this file.", show_default=False)] = None,
    model: Annotated[
        Path | None, typer.Option(help="Folder of an exported model; default: the embedded one.", show_default=False)
    ] = None,
) -> None:
    """Tell age, 90 % interval, age group and box of every face.

    A photograph without a face, or a file that is none, says so and does not stop the rest.
    """
    from pipeline.predict_output import predict_and_print  # noqa: PLC0415

    predict_and_print(paths, largest=largest, as_json=as_json, csv=csv, model=model)


@app.command()
def run(
    stage: Annotated[str, typer.Argument(help=f"One of: {', '.join(STAGES)}.", show_default=False)],
) -> None:
    """Run one stage by itself; `dvc repro` runs all that are out of date."""
    from pipeline.params import read_params  # noqa: PLC0415
    from pipeline.paths import Paths  # noqa: PLC0415

    if stage not in STAGES:
        msg = f"There is no stage {stage}. Stages: {', '.join(STAGES)}."
        raise ParamsError(msg)
    paths = Paths()
    params = read_params(paths.params)
    import_quietly(f"pipeline.stages.{stage}").run(params, paths)


@app.command()
def use(
    name: Annotated[str, typer.Argument(help="A file of params/, without .yaml.", show_default=False)],
) -> None:
    """Copy params/NAME.yaml over params.yaml; edits of it that git does not know are never overwritten."""
    source, target = Path("params") / f"{name}.yaml", Path("params.yaml")
    if not source.is_file():
        known = ", ".join(sorted(path.stem for path in Path("params").glob("*.yaml")))
        msg = f"There is no {source}. Known: {known}."
        raise ParamsError(msg)
    if target.is_file() and not _is_copy(target) and _has_edits(target):
        msg = f"{target} has edits that are not committed; commit them, or move the file away."
        raise ParamsError(msg)
    shutil.copyfile(source, target)
    typer.echo(f"params.yaml is now {source}; run `dvc repro`.")


@app.command()
def summary() -> None:
    """Show what the last run of the pipeline came to, and what to do next."""
    from pipeline.summary import print_summary  # noqa: PLC0415

    print_summary()


@data_app.command()
def synthetic(
    folder: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("data/raw/synthetic"),
    count: Annotated[int, typer.Option(help="Number of portraits.", min=10)] = 900,
    seed: Annotated[int, typer.Option(help="The same seed draws the same faces.")] = 7,
    size: Annotated[int, typer.Option(help="Side of the pictures in pixels.", min=64)] = 320,
) -> None:
    """Draw a set of synthetic faces with exact ages, for the demo and for tests."""
    from data_prep.synthetic import write_synthetic  # noqa: PLC0415
    from pipeline.progress import progress_bar  # noqa: PLC0415

    with progress_bar("drawing faces", total=count) as advance:
        write_synthetic(folder, count=count, seed=seed, size=size, progress=lambda _: advance(1))


@weights_app.command("list")
def list_weights() -> None:
    """List the pretrained files that the project knows."""
    from pipeline.weights_output import print_weights  # noqa: PLC0415

    print_weights()


@weights_app.command("fetch")
def fetch(names: Annotated[list[str], typer.Argument(help="Names from `agelens weights list`.")]) -> None:
    """Fetch and verify pretrained files."""
    from weights.fetch import fetch_weights  # noqa: PLC0415

    for name in names:
        typer.echo(str(fetch_weights(name, progress=True)))


@weights_app.command("verify")
def verify() -> None:
    """Verify the pretrained files that are there; exits 1 if one has been tampered with."""
    from weights.fetch import verify_weights  # noqa: PLC0415
    from weights.registry import REGISTRY  # noqa: PLC0415

    states = {name: verify_weights(name) for name in REGISTRY}
    for name, state in states.items():
        typer.echo(f"{name}: {state}")
    if "tampered" in states.values():
        raise typer.Exit(1)


@detector_app.command("train")
def train_detector(
    widerface: Annotated[Path, typer.Argument(help="Folder with images/ and labels/ in YOLO format.")],
    start: Annotated[Path | None, typer.Option(help="Checkpoint to go on from; default: the embedded one.")] = None,
    work: Annotated[Path, typer.Option(help="Where training images and checkpoints go.")] = Path("runs/detector"),
    epochs: Annotated[int, typer.Option(min=1)] = 5,
    image_size: Annotated[int, typer.Option(help="Side of the training square.")] = 320,
    learning_rate: Annotated[float, typer.Option()] = 0.007,
    seed: Annotated[int, typer.Option(help="Another seed cuts other crops.")] = 11,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in the work folder.")
    ] = False,
) -> None:
    """Train the face detector on photographs, tight crops of them and synthetic faces."""
    from data_prep.detector_training import DetectorRecipe, train_face_detector  # noqa: PLC0415

    recipe = DetectorRecipe(epochs=epochs, image_size=image_size, learning_rate=learning_rate, seed=seed)
    typer.echo(str(train_face_detector(widerface, work, recipe=recipe, start=start, resume=resume)))


@detector_app.command("export")
def export_detector(
    checkpoint: Annotated[Path, typer.Argument(help="A .pt file of this project's own training.")],
    folder: Annotated[Path, typer.Argument(help="Where face_detector.{pt,xml,bin} go.")],
) -> None:
    """Export a trained detector as the runtime file that serves."""
    from data_prep.detector_training import export_face_detector  # noqa: PLC0415

    typer.echo(str(export_face_detector(checkpoint, folder)))


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
    if shutil.which("git") is None:
        return False
    asked = subprocess.run(
        ["git", "status", "--porcelain", "--", str(target)], capture_output=True, text=True, check=False
    )
    return asked.returncode == 0 and bool(asked.stdout.strip())


def main() -> None:
    """Run the command; expected errors are one line and exit 1, anything else is a bug and keeps its traceback."""
    try:
        app()
    except AgelensError as error:
        if "--json" in sys.argv:
            typer.echo(json.dumps({"error": str(error)}))
        typer.secho(f"agelens: {error}", fg="red", err=True)
        sys.exit(1)
