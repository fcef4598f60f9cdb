"""Measure a model on whole photographs of a data set, the way `agelens predict` sees them, clean and degraded.

Usage: python benchmarks/zero_shot.py fgnet ../shared/data/fgnet --record. FG-NET is never trained on. For a data set
that the model was trained on, `--only data/splits/test.csv` restricts the measurement to its test split.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from agelens import AgePredictor, read_rgb
from agelens.data_prep.batches.degradation import grey, noisy, shrunk
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.core.records import Record
from agelens.data_prep.readers import READERS
from agelens.models.calibration.intervals import label_errors
from evidence import add_record_option, write_result

BATCH = 16
DECADE = 10


def _turned(image: Pixels, seed: int) -> Pixels:
    del seed
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), 20.0, 1.0)
    return np.asarray(cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)


CONDITIONS: dict[str, Callable[[Pixels, int], Pixels]] = {
    "clean": lambda image, _: image,
    "56 px, JPEG 50": lambda image, _: shrunk(image, 56, quality=50),
    "noise 4": lambda image, seed: noisy(image, 4, seed=seed),
    "noise 8": lambda image, seed: noisy(image, 8, seed=seed),
    "grey": lambda image, _: grey(image),
    "turned 20 degrees": _turned,
}


def main() -> None:
    """Predict every photograph, in every condition that was asked for, and write the metrics."""
    asked, started = _arguments(), time.perf_counter()
    records = [record for record in READERS[asked.reader](asked.root) if isinstance(record, Record)]
    if asked.only:
        wanted = set(pd.read_csv(asked.only)["path"].map(lambda path: Path(path).name))
        records = [record for record in records if Path(record.path).name in wanted]
    records = records[:: max(1, len(records) // asked.count)] if asked.count else records
    predictor = AgePredictor.load(asked.model)
    names = list(CONDITIONS) if asked.degraded else ["clean"]
    result = {name: measure(predictor, records, CONDITIONS[name]) for name in names}
    for name, figures in result.items():
        print(name, {key: value for key, value in figures.items() if not isinstance(value, dict)})
    content = {"reader": asked.reader, "model": predictor.card.name, "images": len(records), "conditions": result}
    name, seconds = f"zero_shot_{asked.name or asked.reader}", time.perf_counter() - started
    write_result(name, content, seconds=seconds, record=asked.record)


def measure(predictor: AgePredictor, records: list[Record], change: Callable[[Pixels, int], Pixels]) -> dict[str, Any]:
    """Return the metrics of the largest face of each image; images without a face are counted."""
    started = time.perf_counter()
    rows = list(_predict(predictor, records, change))
    seconds = time.perf_counter() - started
    table = pd.DataFrame(rows, columns=["true_low", "true_high", "age", "low", "high", "group_fits", "aligned"])
    exact = table[table["true_low"] == table["true_high"]]
    inside = exact["true_low"].between(exact["low"], exact["high"])
    error = label_errors(table["age"], table["true_low"], table["true_high"])
    years = table["age"].to_numpy()
    nearby = max((float((np.abs(years - year) <= 0.15).mean()) for year in range(101)), default=0.0)
    return {
        "missed": len(records) - len(table),
        "mae": round(float(error.mean()), 3),
        "within_5_years": round(float((error <= 5).mean()), 4),
        "bias": round(float((exact["age"] - exact["true_low"]).mean()), 3) if len(exact) else None,
        "coverage": round(float(inside.mean()), 4) if len(exact) else None,
        "width_median": round(float((table["high"] - table["low"]).median()), 1),
        "zero_widths": int((table["high"] - table["low"] <= 0).sum()),
        "largest_share_of_one_year": round(nearby, 4),
        "age_and_group_agree": round(float(table["group_fits"].mean()), 4),
        "aligned": round(float(table["aligned"].mean()), 4),
        "images_per_second": round(len(records) / seconds, 1),
        "by_decade": _by_decade(exact),
    }


def _predict(
    predictor: AgePredictor, records: list[Record], change: Callable[[Pixels, int], Pixels]
) -> Iterator[tuple[Any, ...]]:
    groups = predictor.card.groups
    for start in range(0, len(records), BATCH):
        some = records[start : start + BATCH]
        images = [change(read_rgb(Path(record.path)), start + place) for place, record in enumerate(some)]
        for record, faces in zip(some, predictor.predict(images, largest=True), strict=True):
            if faces:
                face = faces[0]
                fits = groups.names[int(groups.of_ages([face.age])[0])] == face.age_group
                yield record.age_low, record.age_high, face.age, *face.interval, fits, bool(face.aligned)


def _by_decade(exact: pd.DataFrame) -> dict[str, Any]:
    decade = (exact["true_low"] // DECADE * DECADE).astype(int)
    error = exact["age"] - exact["true_low"]
    inside = exact["true_low"].between(exact["low"], exact["high"])
    return {
        f"{first}-{first + DECADE - 1}": {
            "faces": int((decade == first).sum()),
            "mae": round(float(error[decade == first].abs().mean()), 2),
            "bias": round(float(error[decade == first].mean()), 2),
            "coverage": round(float(inside[decade == first].mean()), 3),
        }
        for first in sorted(decade.unique())
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("reader", choices=sorted(READERS))
    parser.add_argument("root", type=Path, help="folder or table that the reader reads")
    parser.add_argument("--model", type=Path, help="an exported model; default: the bundled one")
    parser.add_argument("--name", help="of the result; default: the reader's")
    parser.add_argument("--only", type=Path, help="table with a column path: measure these files only")
    parser.add_argument("--count", type=int, default=0, help="measure about this many, evenly spaced; 0: all")
    parser.add_argument("--degraded", action="store_true", help="measure small, noisy, grey and turned images, too")
    add_record_option(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
