"""How many photographs of one person have no face for `agelens predict`, and how many regions without one have a box.

    python -m benchmarks.quality.missed_faces [--data ../shared/data] [--record]

Measured with only the threshold of the detector, with the second threshold for large faces, and with turned searches
and tiles as in prediction. Regions are random squares of WIDER FACE without a labelled face. Data that is absent is
left out.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from agelens.data_prep.core.images import Pixels, find_images, read_rgb
from agelens.data_prep.core.ordered_threads import grow_batches
from agelens.data_prep.detector_training.average_precision import pick_free_squares
from agelens.data_prep.faces.detector import Detector
from agelens.models.serving.detectors import open_detector, undo_searches
from agelens.models.serving.model_card import ModelCard
from agelens.weights.defaults import AGE_MODEL
from benchmarks.evidence import add_record_option, write_result
from benchmarks.quality.widerface import read_photos

SOURCES = {
    "FairFace": "fairface/images",
    "FG-NET": "fgnet/images",
    "All-Age-Faces": "aaf/images",
    "Adience": "adience/faces",
}
BATCH = 32


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the sources")
    add_record_option(parser)
    asked, started = parser.parse_args(), time.perf_counter()
    settings = ModelCard.read(AGE_MODEL).detector
    complete = open_detector(settings)
    detectors = {
        "one threshold": undo_searches(open_detector(settings, min_score=settings["min_score"])),
        "two thresholds": undo_searches(complete),
        "as in prediction": complete,
    }
    images: dict[str, Callable[[], Iterator[Pixels]]] = {
        name: (lambda folder=asked.data / place: map(read_rgb, find_images(folder)))
        for name, place in SOURCES.items()
        if (asked.data / place).is_dir()
    }
    result: dict[str, Any] = {name: measure(read, detectors) for name, read in images.items()}
    if (asked.data / "widerface").is_dir():
        result["regions without a face"] = measure(lambda: free_regions(asked.data / "widerface"), detectors)
    content = {"detector": settings, "found": result}
    write_result("missed_faces", content, seconds=time.perf_counter() - started, record=asked.record)


def measure(read: Callable[[], Iterator[Pixels]], detectors: dict[str, Detector]) -> dict[str, Any]:
    """Return for each detector in how many images it finds no face, how many faces it finds, and its time."""
    result = {}
    for name, detector in detectors.items():
        missed, faces, seconds, count = 0, 0, 0.0, 0
        for some in grow_batches(read(), first=BATCH, largest=BATCH):
            started = time.perf_counter()
            found = detector.detect(some)
            seconds += time.perf_counter() - started
            count += len(some)
            missed += sum(not len(one) for one in found)
            faces += sum(map(len, found))
        result[name] = {
            "images": count,
            "without_a_face": missed,
            "share_without_a_face": round(missed / count, 4),
            "faces": faces,
            "milliseconds": round(1000 * seconds / count, 2),
        }
        print(name, result[name], flush=True)
    return result


def free_regions(widerface: Path) -> Iterator[Pixels]:
    """Yield random squares without a labelled face, the same in each call."""
    rng = np.random.default_rng(0)
    for photo in read_photos(widerface):
        height, width = photo.image.shape[:2]
        squares = pick_free_squares(photo.faces, height=height, width=width, rng=rng).astype(int)
        yield from (photo.image[y1:y2, x1:x2] for x1, y1, x2, y2 in squares)


if __name__ == "__main__":
    main()
