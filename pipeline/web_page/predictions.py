"""What the page shows for a visitor's photographs: figures, a table, and a file of the table."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from agelens.data_prep.core.errors import ImageError
from agelens.data_prep.core.images import read_rgb
from agelens.models.serving.predictions import FacePredictions
from agelens.models.serving.predictor import AgePredictor
from agelens.pipeline.prediction.csv_output import HEADER, as_csv
from agelens.pipeline.prediction.predict import file_prediction
from agelens.pipeline.prediction.tables import prediction_rows
from agelens.pipeline.web_page.annotated_figure import annotated_figure, failed_figure

MAX_PHOTOGRAPHS = 50
"""That one visitor may send at once."""


class Shown(NamedTuple):
    """The result for some photographs.

    Args:
        html: A figure for each photograph, a table of all faces, and a link that contains its file.
        rows: Of `FACE_PREDICTIONS`: one per face, and one per photograph without a face.
    """

    html: str
    rows: list[dict[str, Any]]


def show_predictions(predictor: AgePredictor, files: Sequence[Path], *, gender: bool = False) -> Shown:
    """Return the figures and the table for photographs, in their order.

    Args:
        predictor: The model.
        files: At most `MAX_PHOTOGRAPHS`; further ones are named as left out.
        gender: Also predict gender, as annotators would label the face.
    """
    taken = list(files)[:MAX_PHOTOGRAPHS]
    distribution = predictor.card.calibration.needs_distribution
    figures, rows = [], []
    for path, found in zip(taken, predictor.predict_each(taken, distribution=distribution), strict=True):
        figures.append(_figure(path, found))
        rows += prediction_rows(file_prediction(path, found), name=path.name, gender=gender)
    if left_out := len(files) - len(taken):
        figures.append(failed_figure(f"{left_out} more", f"at most {MAX_PHOTOGRAPHS} photographs are taken at once"))
    table = _table([_shown_row(row, gender=gender) for row in rows])
    return Shown("".join([*figures, table, _download(rows)]), rows)


def _download(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a link with the rows as a CSV file, as of `agelens predict --csv`, so that the server stores no file."""
    content = base64.b64encode(f"{HEADER}\n{as_csv(rows)}".encode()).decode()
    href = f"data:text/csv;charset=utf-8;base64,{content}"
    return f'<a id="download" class="agelens-download" download="ages.csv" href="{href}">Download the table</a>'


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    """Return an HTML table that scrolls sideways where the screen is narrow."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in rows[0])
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(value))}</td>' for value in row.values())}</tr>" for row in rows)
    return (
        '<div class="agelens-table" tabindex="0" role="region" aria-label="all faces">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _shown_row(row: Mapping[str, Any], *, gender: bool) -> dict[str, str]:
    found = "age" in row
    return {
        "photograph": row["path"],
        "face": f"{row['face']}" if found else "",
        "age": f"{row['age']:.1f}" if found else "",
        "interval": f"{row['age_low']:.0f} to {row['age_high']:.0f}" if found else "",
        "age group": row["age_group"] if found else "",
        **({"gender": row["gender"] or "" if found else ""} if gender else {}),
        "notes": row["warnings"] if found else row["error"],
    }


def _figure(path: Path, found: FacePredictions | ImageError) -> str:
    if isinstance(found, ImageError):
        return failed_figure(path.name, str(found))
    return annotated_figure(read_rgb(path), found, name=path.name)
