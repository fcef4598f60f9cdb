"""How much larger the errors are for faces with a warning about their quality, on faces the model did not learn from.

    python -m benchmarks.quality.face_warnings [--data ../shared/data] [--count 400] [--record]

Once on the photographs as they are, by warning and source, and once on photographs that were made worse by known steps:
the errors there show where the thresholds should be. Sources that are absent are left out.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from agelens import AgePredictor, read_rgb
from agelens.data_prep.batches.camera import blurred
from agelens.data_prep.core.errors import ImageError
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.core.records import Record
from agelens.data_prep.readers import READERS
from agelens.models.calibration.intervals import label_errors
from agelens.models.serving.predictions import AgePrediction
from benchmarks.evidence import add_record_option, write_result

SOURCES = {
    "FG-NET": ("fgnet", "fgnet"),
    "All-Age-Faces": ("table", "aaf/aaf.csv"),
    "UTKFace": ("utkface", "utkface"),
    "FairFace": ("table", "fairface/fairface.csv"),
}

CODES = (
    *("small_face", "blurred", "cut_off", "uncertain_points", "tilted", "turned_head"),
    *("not_aligned", "uncertain_face"),
)

Box = tuple[float, float, float, float]
Change = Callable[[Pixels, Box], Pixels]


def _side(box: Box) -> float:
    return min(box[2] - box[0], box[3] - box[1])


def shrink(image: Pixels, box: Box, *, side: int) -> Pixels:
    """Return an image whose face has a shorter side of so many pixels."""
    scale = side / _side(box)
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def blur(image: Pixels, box: Box, *, share: float) -> Pixels:
    """Return an image blurred by a Gaussian of a share of the face's side."""
    return blurred(image, share * _side(box))


def cut(image: Pixels, box: Box, *, edge: str, share: float) -> Pixels:
    """Return an image that ends inside the face, after a share of the box from its left, top or bottom."""
    x1, y1, x2, y2 = box
    if edge == "left":
        return np.ascontiguousarray(image[:, int(x1 + share * (x2 - x1)) :])
    if edge == "top":
        return np.ascontiguousarray(image[int(y1 + share * (y2 - y1)) :])
    return np.ascontiguousarray(image[: int(y2 - share * (y2 - y1))])


def tilt(image: Pixels, box: Box, *, degrees: float) -> Pixels:
    """Return an image turned about the middle of the face."""
    turn = cv2.getRotationMatrix2D(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), degrees, 1.0)
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.warpAffine(image, turn, size, borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)


CHANGES: dict[str, Change] = {
    "as it is": lambda image, _: image,
    **{f"face of {side} px": partial(shrink, side=side) for side in (48, 32, 24, 20, 16, 12)},
    **{f"blurred by {share:.1%} of its side": partial(blur, share=share) for share in (0.01, 0.02, 0.025, 0.03, 0.04)},
    **{
        f"cut off, {share:.0%} from the {edge}": partial(cut, edge=edge, share=share)
        for edge in ("left", "top", "bottom")
        for share in (0.1, 0.2, 0.3, 0.4)
    },
    **{f"turned by {degrees} degrees": partial(tilt, degrees=degrees) for degrees in (30, 60, 75, 90)},
}


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the sources")
    parser.add_argument("--count", type=int, default=400, help="photographs of each source that are made worse")
    parser.add_argument("--model", type=Path, help="an exported model; default: the bundled one")
    add_record_option(parser)
    asked, started = parser.parse_args(), time.perf_counter()
    predictor = AgePredictor.load(asked.model)
    tables = {name: natural(predictor, records) for name, records in read_sources(asked.data)}
    good = [table[table["is_good"]][:: max(1, len(table) // asked.count)][: asked.count] for table in tables.values()]
    content = {
        "model": predictor.card.name,
        "warnings": {name: by_warning(table) for name, table in tables.items()},
        "changed": made_worse(predictor, pd.concat(good)),
    }
    for name, figures in (content["warnings"] | {"changed": content["changed"]}).items():
        print(name, pd.DataFrame(figures).T.to_string(), sep="\n")
    write_result("quality_warnings", content, seconds=time.perf_counter() - started, record=asked.record)


def read_sources(data: Path) -> Iterator[tuple[str, list[Record]]]:
    """Yield the labelled photographs of each source that is there."""
    for name, (reader, place) in SOURCES.items():
        if (data / place).exists():
            yield name, [record for record in READERS[reader](data / place) if isinstance(record, Record)]


def natural(predictor: AgePredictor, records: list[Record]) -> pd.DataFrame:
    """Return a row for the largest face of each photograph that the model did not learn from."""
    found = predictor.predict_each([Path(record.path) for record in records], largest=True)
    rows = []
    for record, faces in zip(records, found, strict=True):
        if isinstance(faces, ImageError) or not faces or faces[0].trained_on:
            continue
        rows.append({**_row(record.age_low, record.age_high, faces[0]), "path": record.path, "box": faces[0].box})
    return pd.DataFrame(rows)


def _row(low: float, high: float, face: AgePrediction) -> dict[str, Any]:
    codes = {one.partition(":")[0] for one in face.warnings}
    return {
        "low": low,
        "high": high,
        "error": float(label_errors([face.age], [low], [high])[0]),
        "inside": face.interval[0] <= low and high <= face.interval[1],
        "is_good": not codes and low == high,
        **{code: code in codes for code in CODES},
    }


def by_warning(table: pd.DataFrame) -> dict[str, Any]:
    """Return faces and errors with and without each warning, and with none and with any."""
    some = table[list(CODES)].any(axis=1)
    parts = {"none": ~some, "any": some, **{code: table[code] for code in CODES}}
    return {name: _figures(table[part]) for name, part in parts.items() if part.any()}


def _figures(table: pd.DataFrame) -> dict[str, Any]:
    return {
        "faces": len(table),
        "error": round(float(table["error"].mean()), 2),
        "standard_error": round(float(table["error"].sem()), 2) if len(table) > 1 else None,
        "inside": round(float(table["inside"].mean()), 3),
    }


def made_worse(predictor: AgePredictor, table: pd.DataFrame) -> dict[str, Any]:
    """Return for each change the share of faces found, their error, and the share with each warning."""
    result = {}
    for name, change in CHANGES.items():
        images = (change(read_rgb(Path(row.path)), row.box) for row in table.itertuples())
        found = predictor.predict_each(images, largest=True)
        rows = [
            _row(row.low, row.high, faces[0])
            for row, faces in zip(table.itertuples(), found, strict=True)
            if not isinstance(faces, ImageError) and faces
        ]
        seen = pd.DataFrame(rows)
        warned = {code: round(float(seen[code].mean()), 3) for code in CODES if seen[code].any()}
        result[name] = {"found": round(len(seen) / len(table), 3), **_figures(seen), "warned": warned}
        print(name, result[name], flush=True)
    return result


if __name__ == "__main__":
    main()
