"""How `agelens predict` shows predictions: a table in the terminal, JSON lines, a CSV file, annotated copies."""

import json
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agelens.data_prep.core.atomic import replacing
from agelens.models.serving.model_card import ModelCard
from agelens.models.serving.predictor import AgePredictor
from agelens.pipeline.prediction.annotated_copies import write_annotated
from agelens.pipeline.prediction.files import describe_skipped, expand_paths, pluralise, printable
from agelens.pipeline.prediction.predict import (
    FilePrediction,
    check_predicts_gender,
    has_current_detector,
    predict_files,
)
from agelens.pipeline.prediction.tables import prediction_json, prediction_rows, predictions_table
from agelens.pipeline.progress import progress_bar, say

WIDE = 120
"""Minimum width of a terminal, in columns, in which boxes and scores are shown."""

MANY = 20
"""Minimum number of files for which a progress bar is shown."""


def predict_and_print(
    paths: list[Path],
    *,
    largest: bool,
    as_json: bool,
    csv: Path | None,
    draw: Path | None,
    model: Path | None,
    gender: bool,
) -> None:
    """Predict all files and show the results.

    Raises:
        typer.Exit: With status 1, if no file could be read.
        WeightsError: The model is missing, damaged, or does not predict gender.
    """
    files = expand_paths(paths)
    predictor = AgePredictor.load(model)
    if gender:
        check_predicts_gender(predictor.card)
    if not has_current_detector(predictor.card):
        say("[yellow]this model was trained on crops of another face detector; its ages may be less accurate[/]")
    results = _predict_with_progress(predictor, files, largest=largest)
    notes = describe_skipped(paths) + _describe_trained_on(results)
    if csv is not None:
        notes.append(_write_csv(results, csv, gender=gender))
    if draw is not None:
        copies = pluralise(write_annotated(results, draw), "annotated photograph")
        notes.append(f"{copies} written to {printable(draw)}")
    if as_json:
        for found in results:
            typer.echo(json.dumps(prediction_json(found, predictor.card, gender=gender)))
    else:
        _print_results(results, predictor.card, Console(), table=csv is None, gender=gender)
    # With --json, the standard output holds JSON lines only.
    _print_lines(notes, Console(stderr=as_json))
    if not any(found.was_read for found in results):
        raise typer.Exit(1)


def _predict_with_progress(predictor: AgePredictor, files: list[Path], *, largest: bool) -> list[FilePrediction]:
    predictions = predict_files(predictor, files, largest=largest)
    if len(files) < MANY:
        return list(predictions)
    results = []
    with progress_bar("predicting ages", total=len(files)) as advance:
        for found in predictions:
            results.append(found)
            advance(1)
    return results


def _describe_trained_on(results: list[FilePrediction]) -> list[str]:
    """Return a line about faces that are in the training data of the model, if there are any."""
    count = sum(face.trained_on for found in results for face in found.faces)
    if not count:
        return []
    return [f"{pluralise(count, 'face')} in the training data of the model: not a test of its accuracy"]


def _write_csv(results: list[FilePrediction], path: Path, *, gender: bool) -> str:
    """Write the table and return a line about it."""
    with replacing(path) as temporary:
        predictions_table(results, gender=gender).to_csv(temporary, index=False)
    faces = sum(len(found.faces) for found in results)
    return f"{pluralise(faces, 'face')} in {pluralise(len(results), 'file')} written to {printable(path)}"


def _print_results(
    results: list[FilePrediction], card: ModelCard, console: Console, *, table: bool, gender: bool
) -> None:
    """Print the table of faces if asked for, a line for each file without a face, and the model."""
    if table:
        _print_faces(results, card, console, gender=gender)
    errors = [f"{printable(found.path)}: {found.error}" for found in results if found.error]
    _print_lines(errors, console, style="yellow")
    data = card.facts.get("training_data", "unknown data")
    _print_lines([f"model: {card.name}, trained on {data}"], console, style="dim")


def _print_lines(lines: list[str], console: Console, *, style: str = "") -> None:
    """Print lines literally: names of files may contain what rich reads as markup."""
    for line in lines:
        console.print(line, style=style, highlight=False, markup=False, emoji=False, soft_wrap=True)


def _print_faces(results: list[FilePrediction], card: ModelCard, console: Console, *, gender: bool) -> None:
    """Print a row per face, with boxes and scores if the terminal is wide enough."""
    wide = console.width >= WIDE
    table = Table(box=None)
    table.add_column("photograph", overflow="fold")
    narrow = ["face", "age", f"{card.calibration.coverage:.0%} interval", "age group"]
    narrow += ["gender"] if gender else []
    for name in narrow:
        table.add_column(name, no_wrap=True)
    if wide:
        table.add_column("box (x1 y1 x2 y2)", no_wrap=True)
        table.add_column("score", no_wrap=True)
    for found in results:
        for row in prediction_rows(found, gender=gender) if found.faces else ():
            table.add_row(*_cells(row, gender=gender)[: None if wide else 1 + len(narrow)])
    if table.row_count:
        console.print(table)


def _cells(row: dict[str, object], *, gender: bool) -> list[str | Text]:
    box = " ".join(f"{row[name]:.0f}" for name in ("x1", "y1", "x2", "y2"))
    score = "" if row["score"] is None else f"{row['score']:.2f}"
    interval = f"{row['age_low']:.0f} to {row['age_high']:.0f}"
    warning = f" ({row['warnings']})" if row["warnings"] else ""
    path = Text(f"{row['path']}{warning}")  # rich would read brackets and colons in a name as markup
    optional = [str(row["gender"])] if gender else []
    return [path, str(row["face"]), f"{row['age']:.1f}", interval, str(row["age_group"]), *optional, box, score]
