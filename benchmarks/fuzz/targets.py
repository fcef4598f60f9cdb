"""What a fuzzed file is given to, and which outcomes are right: an answer, or an expected error of one line."""

import json
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from agelens import AgelensError, AgePredictor
from agelens.data_prep.core.labels import MAX_AGE
from agelens.data_prep.readers.table import read_label_table
from agelens.models.serving.model_card import MODEL_FILE, ModelCard


def run_target(path: Path) -> str:
    """Give a file to what reads its kind; return `ok` or the class of the expected error.

    Raises:
        Exception: Any other one: a fault.
    """
    target = TARGETS.get(path.suffix, predict_image)
    try:
        target(path)
    except AgelensError as error:
        if "\n" in str(error):
            msg = f"the message has several lines: {str(error)[:200]!r}"
            raise ValueError(msg) from error
        return type(error).__name__
    return "ok"


def predict_image(path: Path) -> None:
    """Predict the faces of an image, from its path and from its bytes."""
    for image in (path, path.read_bytes()):
        for face in _predictor().predict(image):
            low, high = face.interval
            if not (0 <= low <= face.age <= high <= MAX_AGE and np.isfinite(face.box).all()):
                msg = f"impossible prediction: {face}"
                raise ValueError(msg)


def read_card(path: Path) -> None:
    """Read a model card."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / MODEL_FILE).write_bytes(path.read_bytes())
        ModelCard.read(Path(folder)).as_json()


def read_labels(path: Path) -> None:
    """Read a table of labels."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "labels.csv").write_bytes(path.read_bytes())
        list(read_label_table(Path(folder)))


TARGETS: dict[str, Callable[[Path], None]] = {".json": read_card, ".csv": read_labels}
"""By suffix; other files are images."""


@cache
def _predictor() -> AgePredictor:
    return AgePredictor.load()


def main() -> None:
    """Run every file named on standard input; print its name before and its outcome after, for a parent process."""
    for line in sys.stdin:
        path = Path(line.rstrip("\n"))
        print(json.dumps({"begins": path.name}), flush=True)
        try:
            outcome = run_target(path)
        except Exception as error:
            outcome = f"fault: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
        print(json.dumps({"file": path.name, "outcome": outcome}), flush=True)


if __name__ == "__main__":
    main()
