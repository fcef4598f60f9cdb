"""How `agelens predict` shows predictions: a table in the terminal, JSON lines, a CSV file, annotated copies.

JSON, CSV and copies are written while the predictions come, the table at the end.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import typer
from rich.console import Console

from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.faces.tiles import Tiles
from agelens.models.hub.address import is_address
from agelens.models.serving.model_card import ModelCard
from agelens.models.serving.predictor import IMAGE_BATCH, AgePredictor
from agelens.pipeline.prediction.annotated_copies import AnnotatedCopies
from agelens.pipeline.prediction.csv_output import OLDEST_HEADER, CsvOutput
from agelens.pipeline.prediction.files import Photograph, describe_skipped, open_photographs
from agelens.pipeline.prediction.predict import (
    FilePrediction,
    check_predicts_gender,
    file_prediction,
    has_current_detector,
    predict_files,
)
from agelens.pipeline.prediction.ray_predictions import predict_on_ray
from agelens.pipeline.prediction.screen import FaceTable, print_lines
from agelens.pipeline.prediction.tables import prediction_json
from agelens.pipeline.prediction.targets import open_table
from agelens.pipeline.prediction.text import pluralise, printable
from agelens.pipeline.progress import progress_bar, say
from agelens.pipeline.streams import reporting_full_output

MANY = 20
"""Minimum number of files for which a progress bar is shown."""

STOPPED = 130
"""Exit status after Ctrl-C, as of a shell."""


@dataclass(frozen=True)
class Wanted:
    """What the user asked for.

    Args:
        largest: Only the largest face of each photograph.
        as_json: A line of JSON per photograph on the standard output.
        csv: File of the table.
        draw: Folder of annotated copies.
        gender: Also show the gender.
        resume: Continue the table in `csv`.
        batch: Most photographs that are predicted at once.
        engine: Threads of this machine, or a Ray cluster.
    """

    largest: bool = False
    as_json: bool = False
    csv: Path | None = None
    draw: Path | None = None
    gender: bool = False
    resume: bool = False
    batch: int = IMAGE_BATCH
    engine: Literal["local", "ray"] = "local"


@dataclass(frozen=True)
class ModelChoice:
    """The model that predicts, and how.

    Args:
        folder: Of an exported model, or its address on the hub; None is the bundled one.
        min_score: Threshold of the detector's score in place of the model's own.
        device: The device that computes, `cpu` or another that OpenVINO finds.
        tiles: When to search large photographs in tiles.
    """

    folder: str | Path | None = None
    min_score: float | None = None
    device: str = "cpu"
    tiles: Tiles = "auto"


def predict_and_print(words: Sequence[str], wanted: Wanted, *, model: ModelChoice) -> None:
    """Predict all files and show the results.

    Raises:
        typer.Exit: With status 1, if no file could be read or an output could not be written; 130 after Ctrl-C.
        ParamsError: An output cannot be written where it should be.
        WeightsError: The model is missing, damaged, or does not predict gender.
    """
    if wanted.resume and wanted.csv is None:
        msg = "--resume continues the table of an earlier run: name it with --csv FILE."
        raise ParamsError(msg)
    if wanted.engine == "ray" and wanted.draw is not None:
        msg = "--draw writes copies of files of this machine; leave it out, or use --engine local."
        raise ParamsError(msg)
    with open_photographs(words, addresses=wanted.engine == "ray") as (photographs, folders), ExitStack() as stack:
        inputs = [photo.path for photo in photographs if not photo.address]
        table = None
        if wanted.csv is not None:
            table = CsvOutput(
                open_table(wanted.csv, header=OLDEST_HEADER, inputs=inputs), gender=wanted.gender, resume=wanted.resume
            )
            stack.callback(table.close)
        copies = None if wanted.draw is None else AnnotatedCopies(wanted.draw, inputs=inputs)
        predictor = _load(model, gender=wanted.gender)
        answers = Answers(wanted, predictor.card, table=table, copies=copies)
        skipped = describe_skipped(folders)
        stopped = _predict_all(predictor, photographs, answers, model=model)
        with reporting_full_output():
            status = answers.finish(notes=skipped)
    if stopped or status:
        raise typer.Exit(STOPPED if stopped else status)


class Answers:
    """Writes each result to all outputs as it comes, and the table and the notes at the end."""

    def __init__(
        self, wanted: Wanted, card: ModelCard, *, table: CsvOutput | None, copies: AnnotatedCopies | None
    ) -> None:
        self.wanted, self.card, self.table, self.copies = wanted, card, table, copies
        self.screen = FaceTable(card, gender=wanted.gender)
        self.done = self.read = self.trained_on = 0
        self.errors: list[str] = []
        # With --json, and with --csv on the standard output, that holds nothing else.
        machine_read = wanted.as_json or (table is not None and table.target.kind == "stdout")
        self.console = Console(stderr=machine_read)
        self._stdout = sys.stdout  # a progress bar replaces sys.stdout while it is shown

    def is_finished(self, name: str) -> bool:
        """Return whether an earlier run that this one continues has written the rows of a photograph."""
        return self.table is not None and printable(name) in self.table.finished

    def add(self, number: int, found: FilePrediction, *, name: str) -> None:
        """Write the result for one photograph."""
        self.done, self.read = self.done + 1, self.read + found.was_read
        self.trained_on += sum(face.trained_on for face in found.faces)
        if found.error:
            self.errors.append(f"{name}: {found.error}")
        if self.wanted.as_json:
            line = json.dumps(prediction_json(found, self.card, name=name, gender=self.wanted.gender))
            with reporting_full_output():
                self._stdout.write(f"{line}\n")
                self._stdout.flush()
        if self.table is not None:
            self.table.write(found, name=name)
        if self.copies is not None:
            self.copies.write(number, found)
        self.screen.add(found, name=name)

    def finish(self, *, notes: list[str]) -> int:
        """Print what belongs at the end and return the exit status."""
        failures = self._describe_failures()
        if not self.wanted.as_json and (self.table is None or self.table.error):
            self.screen.print(self.console)
        if not self.wanted.as_json:
            print_lines(self.errors, self.console, style="yellow")
            data = self.card.facts.get("training_data", "unknown data")
            print_lines([f"model: {self.card.name}, trained on {data}"], self.console, style="dim")
        print_lines([*notes, *self._describe_written()], self.console)
        print_lines((f"agelens: {line}" for line in failures), Console(stderr=True), style="red")
        return 1 if failures or not (self.read or self._was_resumed) else 0

    @property
    def _was_resumed(self) -> bool:
        return self.table is not None and bool(self.table.finished)

    def _describe_written(self) -> Iterator[str]:
        if self.trained_on:
            yield f"{pluralise(self.trained_on, 'face')} in the training data of the model: not a test of its accuracy"
        if self.table is not None:
            table, path = self.table, printable(self.table.target.path)
            yield f"{pluralise(table.faces, 'face')} in {pluralise(table.files, 'file')} written to {path}"
            if self._was_resumed:
                yield f"{pluralise(len(table.finished), 'file')} finished by an earlier run"
        if self.copies is not None:
            yield self.copies.describe()

    def _describe_failures(self) -> list[str]:
        lines = []
        if self.table is not None and self.table.error:
            rows = f"after {pluralise(self.table.files, 'file')}" if self.table.files else "at all"
            lines.append(f"{printable(self.table.target.path)} could not be written {rows}: {self.table.error}")
        if self.copies is not None and self.copies.failed:
            lines.append(self.copies.describe_failed())
        return lines


def _predictions(
    predictor: AgePredictor, photographs: Sequence[Photograph], wanted: Wanted, *, model: ModelChoice
) -> Iterator[FilePrediction]:
    """Yield the result for each photograph, in order, from the engine that is wanted."""
    files = [photo.path for photo in photographs]
    if wanted.engine == "local":
        yield from predict_files(predictor, files, largest=wanted.largest, batch=wanted.batch)
        return
    folder = model.folder if model.folder is None or is_address(model.folder) else Path(model.folder).absolute()
    load = partial(AgePredictor.load, folder, min_score=model.min_score, device=model.device, tiles=model.tiles)
    sources = [photo.source for photo in photographs]
    found = predict_on_ray(sources, load=load, largest=wanted.largest, batch=wanted.batch)
    yield from map(file_prediction, files, found)


def _load(model: ModelChoice, *, gender: bool) -> AgePredictor:
    predictor = AgePredictor.load(model.folder, min_score=model.min_score, device=model.device, tiles=model.tiles)
    if gender:
        check_predicts_gender(predictor.card)
    if not has_current_detector(predictor.card):
        say("[yellow]this model was trained on crops of another face detector; its ages may be less accurate[/]")
    return predictor


def _predict_all(
    predictor: AgePredictor, photographs: Sequence[Photograph], answers: Answers, *, model: ModelChoice
) -> bool:
    """Add the result for every photograph to the answers; return whether Ctrl-C stopped it."""
    left = [item for item in enumerate(photographs, start=1) if not answers.is_finished(item[1].name)]
    readable = [photo for _, photo in left if not photo.error]
    stack = ExitStack()
    try:
        with stack:
            predictions = _predictions(predictor, readable, answers.wanted, model=model)
            stack.callback(getattr(predictions, "close", lambda: None))
            show_bar = len(left) >= MANY and not (answers.wanted.as_json and sys.stdout.isatty())
            advance = stack.enter_context(progress_bar("predicting ages", total=len(left))) if show_bar else None
            for number, photo in left:
                found = FilePrediction(photo.path, error=photo.error) if photo.error else next(predictions)
                answers.add(number, found, name=photo.name)
                if advance is not None:
                    advance(1)
    except KeyboardInterrupt:
        say(f"[yellow]stopped after {answers.done:,} of {pluralise(len(left), 'photograph')}[/]")
        return True
    return False
