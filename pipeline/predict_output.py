"""How `agelens predict` shows its answers: a table for people, JSON lines or a CSV for programs."""

import json
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from data_prep.atomic import replacing
from models.predictor import AgePredictor
from pipeline.predict import (
    Answer,
    answer_files,
    answer_rows,
    answers_table,
    build_predictor,
    collect_files,
    is_its_detector,
    printable,
)
from pipeline.predict_picture import write_pictures
from pipeline.progress import progress_bar, say

WIDE = 120
"""Columns of a terminal from which boxes and scores are shown."""

MANY = 20
"""Files from which a progress bar is shown."""


def predict_and_print(
    paths: list[Path], *, largest: bool, as_json: bool, csv: Path | None, draw: Path | None, model: Path | None
) -> None:
    """Answer all files and show the answers; the exit status is 1 if no file could be answered."""
    files = collect_files(paths)
    predictor = build_predictor(model)
    if not is_its_detector(predictor.card):
        say("[yellow]this model learned from crops of another face detector; its ages may be off a little[/]")
    answers = _answer_all(predictor, files, largest=largest)
    if csv is not None:
        with replacing(csv) as temporary:
            answers_table(answers).to_csv(temporary, index=False)
    if draw is not None:
        write_pictures(answers, draw)
    if as_json:
        for answer in answers:
            typer.echo(json.dumps(_as_json(answer, predictor)))
    else:
        _print_table(answers, predictor, csv)
    if all(answer.error and not answer.error.startswith("no_face") for answer in answers):
        raise typer.Exit(1)


def _answer_all(predictor: AgePredictor, files: list[Path], *, largest: bool) -> list[Answer]:
    found = answer_files(predictor, files, largest=largest)
    if len(files) < MANY:
        return list(found)
    answers = []
    with progress_bar("reading faces", total=len(files)) as advance:
        for answer in found:
            answers.append(answer)
            advance(1)
    return answers


def _as_json(answer: Answer, predictor: AgePredictor) -> dict[str, object]:
    faces = [
        {
            "box": [round(value, 1) for value in face.box],
            "score": face.score,
            "age": round(face.age, 1),
            "interval": [round(value, 1) for value in face.interval],
            "age_group": face.age_group,
            "probabilities": dict(
                zip(predictor.card.groups.names, (round(p, 4) for p in face.probabilities), strict=True)
            ),
        }
        for face in answer.faces
    ]
    return {
        "path": printable(answer.path),
        "faces": faces,
        "error": answer.error or None,
        "model": predictor.card.name,
        "training_data": predictor.card.facts.get("training_data"),
    }


def _print_table(answers: list[Answer], predictor: AgePredictor, csv: Path | None) -> None:
    console = Console()
    if csv is None:
        _print_faces(answers, predictor, console)
    else:
        faces = sum(len(answer.faces) for answer in answers)
        console.print(f"{faces} faces in {len(answers)} files written to {csv}", highlight=False, markup=False)
    data = predictor.card.facts.get("training_data", "unknown data")
    console.print(f"model: {predictor.card.name}, trained on {data}", style="dim", highlight=False, markup=False)


def _print_faces(answers: list[Answer], predictor: AgePredictor, console: Console) -> None:
    """Print a row per face, with boxes where the terminal is wide enough, and a line per file without one."""
    wide = console.width >= WIDE
    table = Table(box=None)
    table.add_column("photograph", overflow="fold")
    for name in ("face", "age", f"{predictor.card.calibration.coverage:.0%} interval", "age group"):
        table.add_column(name, no_wrap=True)
    if wide:
        table.add_column("box (x1 y1 x2 y2)", no_wrap=True)
        table.add_column("score", no_wrap=True)
    for answer in answers:
        for row in answer_rows(answer) if answer.faces else ():
            table.add_row(*_cells(row)[: None if wide else 5])
    if table.row_count:
        console.print(table)
    for answer in answers:
        if answer.error:
            line = f"{printable(answer.path)}: {answer.error}"
            console.print(line, style="yellow", highlight=False, markup=False, emoji=False)


def _cells(row: dict[str, object]) -> list[str | Text]:
    box = " ".join(f"{row[name]:.0f}" for name in ("x1", "y1", "x2", "y2"))
    score = "" if row["score"] is None else f"{row['score']:.2f}"
    interval = f"{row['age_low']:.0f} to {row['age_high']:.0f}"
    warning = f" ({row['warnings']})" if row["warnings"] else ""
    path = Text(f"{row['path']}{warning}")  # rich would read brackets and colons of a name as its own markup
    return [path, str(row["face"]), f"{row['age']:.1f}", interval, str(row["age_group"]), box, score]
