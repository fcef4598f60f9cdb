"""`agelens video` and `agelens webcam`: from a source of frames to tracks, an annotated copy and a window."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import typer
from rich.console import Console

from agelens.data_prep.core.images import Pixels
from agelens.models.serving.annotation import draw_faces
from agelens.models.serving.predictor import AgePredictor
from agelens.pipeline.prediction.predict import check_predicts_gender
from agelens.pipeline.prediction.targets import open_table
from agelens.pipeline.progress import progress_bar, say
from agelens.pipeline.video.analysis import VideoAnalysis
from agelens.pipeline.video.annotated_video import AnnotatedVideo
from agelens.pipeline.video.frames import Frame, FrameSource
from agelens.pipeline.video.track_table import HEADER, as_csv, as_table, track_rows

WINDOW = "agelens: press q to stop"


@dataclass(frozen=True)
class VideoOutputs:
    """What to write and show.

    Args:
        csv: A table with one row per track; `-` is the standard output.
        as_json: One line of JSON instead of a table in the terminal.
        draw: A copy of the video with boxes and ages.
        gender: Also gender.
        window: Show the frames while they are analysed.
        seconds: Stop after so many; None for all.
    """

    csv: Path | None = None
    as_json: bool = False
    draw: Path | None = None
    gender: bool = False
    window: bool = False
    seconds: float | None = None


def analyse_video(source: Path | int, outputs: VideoOutputs, *, model: str | Path | None) -> None:
    """Analyse a video or a camera and show the ages of its people; Ctrl-C ends it and keeps what is done.

    Raises:
        DataError: The source cannot be opened.
        ParamsError: A target cannot be written.
        WeightsError: The model is missing or damaged, or does not predict gender.
    """
    with ExitStack() as stack:
        frames = stack.enter_context(FrameSource(source))
        inputs = [source] if isinstance(source, Path) else []
        table = None if outputs.csv is None else open_table(outputs.csv, header=HEADER, inputs=inputs)
        copy = None if outputs.draw is None else stack.enter_context(AnnotatedVideo(outputs.draw, rate=frames.rate))
        predictor = AgePredictor.load(model)
        if outputs.gender:
            check_predicts_gender(predictor.card)
        analysis = VideoAnalysis(predictor, frames.rate)
        advance = stack.enter_context(_progress(frames))
        stack.enter_context(_window(shown=outputs.window))
        try:
            _follow(analysis, frames, outputs, copy=copy, advance=advance)
        except KeyboardInterrupt:
            say("stopped; the people up to here:")
    rows = track_rows(analysis.tracks.values(), gender=outputs.gender)
    if table is not None:
        if table.kind == "file":
            os.ftruncate(table.descriptor, 0)
        with os.fdopen(table.descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(as_csv(rows))
    if outputs.as_json:
        typer.echo(json.dumps({"source": str(source), "tracks": rows, "model": predictor.card.name}))
    elif not rows:
        say("nobody was followed for half a second or longer")
    elif outputs.csv != Path("-"):
        Console().print(as_table(rows, gender=outputs.gender))


def _follow(
    analysis: VideoAnalysis,
    frames: FrameSource,
    outputs: VideoOutputs,
    *,
    copy: AnnotatedVideo | None,
    advance: Callable[[int], None],
) -> None:
    for frame, faces in analysis.follow(_until(frames, outputs.seconds)):
        advance(1)
        if copy is None and not outputs.window:
            continue
        drawn = draw_faces(frame.image, faces)
        if copy is not None:
            copy.write(drawn)
        if outputs.window and not _show(drawn):
            return


def _until(frames: FrameSource, seconds: float | None) -> Iterator[Frame]:
    for frame in frames:
        if seconds is not None and frame.seconds >= seconds:
            return
        yield frame


@contextmanager
def _progress(frames: FrameSource) -> Iterator[Callable[[int], None]]:
    """Show a progress bar for files, whose number of frames is known."""
    if not frames.count:
        yield lambda _: None
        return
    with progress_bar("following faces", total=frames.count) as advance:
        yield advance


@contextmanager
def _window(*, shown: bool) -> Iterator[None]:
    try:
        yield
    finally:
        if shown:
            cv2.destroyAllWindows()


def _show(image: Pixels) -> bool:
    """Show a frame; return False once the user presses q or closes the window."""
    cv2.imshow(WINDOW, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    pressed = cv2.waitKey(1) & 0xFF
    return pressed != ord("q") and cv2.getWindowProperty(WINDOW, cv2.WND_PROP_VISIBLE) >= 1
