"""The commands `agelens video` and `agelens webcam`."""

from pathlib import Path
from typing import Annotated

import typer

from agelens.pipeline.commands.models.options import MODEL_HELP
from agelens.pipeline.extras import check_extra

Csv = Annotated[
    Path | None, typer.Option(help="Write a table with one row per person to this CSV file; - is the standard output.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON instead of a table.")]
Draw = Annotated[
    Path | None, typer.Option(help="Write a copy with boxes and ages, .mp4 or .avi; the file must not exist yet.")
]
Model = Annotated[str | None, typer.Option(help=MODEL_HELP)]
Gender = Annotated[bool, typer.Option("--gender", help="Also predict gender, as annotators would label it.")]


def video(
    file: Annotated[Path, typer.Argument(help="A video or an animation, such as .mp4, .mov, .avi or .gif.")],
    csv: Csv = None,
    as_json: Json = False,
    draw: Draw = None,
    model: Model = None,
    gender: Gender = False,
) -> None:
    """Follow the people in a video and estimate one age for each, with a prediction interval.

    The age of a person pools the age distributions of up to 40 views; large, certain and aligned faces count most. A
    person who leaves and comes back is counted twice. Tracks of less than half a second are left out.
    """
    check_extra("video")  # OpenCV, which training needs too, is the first of its packages that is imported
    from agelens.pipeline.video.run import VideoOutputs, analyse_video  # noqa: PLC0415

    analyse_video(file, VideoOutputs(csv=csv, as_json=as_json, draw=draw, gender=gender), model=model)


def webcam(
    camera: Annotated[int, typer.Option(help="Number of the camera.", min=0)] = 0,
    seconds: Annotated[float | None, typer.Option(help="Stop after so many seconds.", min=0.1)] = None,
    window: Annotated[bool, typer.Option("--window/--no-window", help="Show the frames while it runs.")] = True,
    csv: Csv = None,
    as_json: Json = False,
    draw: Draw = None,
    model: Model = None,
    gender: Gender = False,
) -> None:
    """Show the ages of the people in front of a camera; press q in the window, or Ctrl-C, to stop.

    Nothing is stored unless you ask for it with --csv or --draw.
    """
    check_extra("video")
    from agelens.pipeline.video.run import VideoOutputs, analyse_video  # noqa: PLC0415

    outputs = VideoOutputs(csv=csv, as_json=as_json, draw=draw, gender=gender, window=window, seconds=seconds)
    analyse_video(camera, outputs, model=model)
