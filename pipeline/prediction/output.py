"""How `agelens predict` shows its answers: a table for people, JSON lines or a CSV for programs."""

import json
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agelens.data_prep.core.atomic import replacing
from agelens.models.serving.predictor import AgePredictor
from agelens.pipeline.prediction.drawing import write_pictures
from agelens.pipeline.prediction.predict import (
    Answer,
    answer_files,
    answer_rows,
    answers_table,
    check_tells_gender,
    collect_files,
    counted,
    describe_left_out,
    is_its_detector,
    printable,
    warnings_of,
)
from agelens.pipeline.progress import progress_bar, say

WIDE = 120
"""Columns of a terminal from which boxes and scores are shown."""

MANY = 20
"""Files from which a progress bar is shown."""


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
    """Answer all files and show the answers; the exit status is 1 if no file could be answered."""
    files = collect_files(paths)
    predictor = AgePredictor.load(model)
    if gender:
        check_tells_gender(predictor.card)
    if not is_its_detector(predictor.card):
        say("[yellow]this model learned from crops of another face detector; its ages may be off a little[/]")
    answers = _answer_all(predictor, files, largest=largest)
    notes = describe_left_out(paths) + _describe_seen(answers)
    if csv is not None:
        with replacing(csv) as temporary:
            answers_table(answers, gender=gender).to_csv(temporary, index=False)
        faces = sum(len(answer.faces) for answer in answers)
        notes.append(f"{counted(faces, 'face')} in {counted(len(answers), 'file')} written to {printable(csv)}")
    if draw is not None:
        notes.append(
            f"{counted(write_pictures(answers, draw), 'picture')} with boxes and ages written into {printable(draw)}"
        )
    if as_json:
        for answer in answers:
            typer.echo(json.dumps(_as_json(answer, predictor, gender=gender)))
    else:
        _print_answers(answers, predictor, Console(), shown=csv is None, gender=gender)
    # Whoever reads JSON line by line gets nothing else on that stream.
    _print_lines(notes, Console(stderr=as_json))
    if all(answer.error and not answer.error.startswith("no_face") for answer in answers):
        raise typer.Exit(1)


def _describe_seen(answers: list[Answer]) -> list[str]:
    """Return a line where answers are for pictures that the model was trained on."""
    seen = sum(face.seen for answer in answers for face in answer.faces)
    return [f"the model has learned from {counted(seen, 'face')} of these; their answers prove nothing"] if seen else []


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


def _as_json(answer: Answer, predictor: AgePredictor, *, gender: bool) -> dict[str, object]:
    faces = [
        {
            "box": [round(value, 1) for value in face.box],
            "score": face.score,
            "age": round(face.age, 1),
            "interval": [round(value, 1) for value in face.interval],
            "age_group": face.age_group,
            **({"gender": face.gender} if gender else {}),
            "warnings": warnings_of(face),
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


def _print_answers(
    answers: list[Answer], predictor: AgePredictor, console: Console, *, shown: bool, gender: bool
) -> None:
    """Print the faces unless they are shown elsewhere, a line per file without one, and which model it was."""
    if shown:
        _print_faces(answers, predictor, console, gender=gender)
    errors = [f"{printable(answer.path)}: {answer.error}" for answer in answers if answer.error]
    _print_lines(errors, console, style="yellow")
    data = predictor.card.facts.get("training_data", "unknown data")
    _print_lines([f"model: {predictor.card.name}, trained on {data}"], console, style="dim")


def _print_lines(lines: list[str], console: Console, *, style: str = "") -> None:
    """Print lines as they are: names of files are no markup."""
    for line in lines:
        console.print(line, style=style, highlight=False, markup=False, emoji=False, soft_wrap=True)


def _print_faces(answers: list[Answer], predictor: AgePredictor, console: Console, *, gender: bool) -> None:
    """Print a row per face, with boxes where the terminal is wide enough."""
    wide = console.width >= WIDE
    table = Table(box=None)
    table.add_column("photograph", overflow="fold")
    narrow = ["face", "age", f"{predictor.card.calibration.coverage:.0%} interval", "age group"]
    narrow += ["gender"] if gender else []
    for name in narrow:
        table.add_column(name, no_wrap=True)
    if wide:
        table.add_column("box (x1 y1 x2 y2)", no_wrap=True)
        table.add_column("score", no_wrap=True)
    for answer in answers:
        for row in answer_rows(answer, gender=gender) if answer.faces else ():
            table.add_row(*_cells(row, gender=gender)[: None if wide else 1 + len(narrow)])
    if table.row_count:
        console.print(table)


def _cells(row: dict[str, object], *, gender: bool) -> list[str | Text]:
    box = " ".join(f"{row[name]:.0f}" for name in ("x1", "y1", "x2", "y2"))
    score = "" if row["score"] is None else f"{row['score']:.2f}"
    interval = f"{row['age_low']:.0f} to {row['age_high']:.0f}"
    warning = f" ({row['warnings']})" if row["warnings"] else ""
    path = Text(f"{row['path']}{warning}")  # rich would read brackets and colons of a name as its own markup
    told = [str(row["gender"])] if gender else []
    return [path, str(row["face"]), f"{row['age']:.1f}", interval, str(row["age_group"]), *told, box, score]
