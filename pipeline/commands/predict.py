"""The command `agelens predict`."""

from pathlib import Path
from typing import Annotated

import typer


def predict(
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

    Photographs without a face and files that cannot be read are listed with the reason and do not stop the others. JSON
    lines, rows of CSV and annotated copies are written while the predictions come, so that Ctrl-C keeps what is done.
    No photograph and no file that agelens did not write is ever replaced. Nothing is sent over the network.

    Exit status: 0, at least one file was read and everything was written; 1, no file could be read, or an output could
    not be written (predictions are then printed); 2, wrong usage; 130, stopped by Ctrl-C.
    """
    from agelens.pipeline.prediction.output import Wanted, predict_and_print  # noqa: PLC0415

    wanted = Wanted(largest=largest, as_json=as_json, csv=csv, draw=draw, gender=gender, resume=resume)
    predict_and_print(paths, wanted, model=model)
