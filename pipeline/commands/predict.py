"""The command `agelens predict`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from agelens.pipeline.commands.models.options import MODEL_HELP


def predict(  # noqa: PLR0913, PLR0917  one argument per option
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Photographs, folders, quoted patterns such as 'album/**/*.jpg', or - for one image or a list of "
            "files on the standard input.",
            show_default=False,
        ),
    ],
    largest: Annotated[
        bool, typer.Option("--largest", help="Predict only the largest face of each photograph.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON per photograph instead of a table.")
    ] = False,
    csv: Annotated[
        Path | None,
        typer.Option(help="Write a table with one row per face to this CSV file; - is the standard output."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the table of --csv that an earlier run did not finish.")
    ] = False,
    draw: Annotated[
        Path | None,
        typer.Option(help="Write copies with boxes and ages to this folder.", show_default=False),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help=MODEL_HELP),
    ] = None,
    gender: Annotated[
        bool,
        typer.Option(
            "--gender", help="Also predict gender, as annotators would label it, if the model has this output."
        ),
    ] = False,
    min_score: Annotated[
        float | None,
        typer.Option(
            help="Threshold of the face detector's score, 0 to 1; default: that of the model.", show_default=False
        ),
    ] = None,
    batch: Annotated[
        int, typer.Option(help="Most photographs that are predicted at once; ages do not depend on it.", min=1, max=256)
    ] = 32,
    device: Annotated[str, typer.Option(help="Device that computes: cpu, or gpu if OpenVINO finds one.")] = "cpu",
    tiles: Annotated[
        Literal["auto", "never", "always"],
        typer.Option(
            help="Search large photographs for small faces in tiles: auto, where the faces that are found at once are "
            "small or there are none."
        ),
    ] = "auto",
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(
            help="Predict on this machine, or on a Ray cluster, whose machines read the photographs: from shared "
            "folders, or from addresses such as s3://bucket/photo.jpg."
        ),
    ] = "local",
    margin: Annotated[float | None, typer.Option(hidden=True)] = None,
) -> None:
    """Predict age, prediction interval and age group of every face in photographs, with its box.

    Photographs without a face and files that cannot be read are listed with the reason and do not stop the others. JSON
    lines, rows of CSV and annotated copies are written while the predictions come, so that Ctrl-C keeps what is done.
    No photograph and no file that agelens did not write is ever replaced. Nothing is sent over the network.

    Exit status: 0, at least one file was read and everything was written; 1, no file could be read, or an output could
    not be written (predictions are then printed); 2, wrong usage; 130, stopped by Ctrl-C.
    """
    from agelens.data_prep.core.errors import ParamsError  # noqa: PLC0415
    from agelens.pipeline.prediction.output import ModelChoice, Wanted, predict_and_print  # noqa: PLC0415

    if margin is not None:
        msg = "--margin is not an option: a model must see faces framed as in its training, as its model.json says."
        raise ParamsError(msg)
    wanted = Wanted(
        largest=largest,
        as_json=as_json,
        csv=csv,
        draw=draw,
        gender=gender,
        resume=resume,
        batch=batch,
        engine=engine,
    )
    predict_and_print(paths, wanted, model=ModelChoice(model, min_score=min_score, device=device, tiles=tiles))
