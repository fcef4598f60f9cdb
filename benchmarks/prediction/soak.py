"""Memory over many predictions from several threads that share one predictor.

    python -m benchmarks.prediction.soak FOLDER [--predictions 10000] [--threads 8] [--record]

Each prediction is one call of `AgePredictor.predict` with a file of the folder. The resident memory is read after every
twentieth of the predictions. The growth is that of the second half, a line through its values, for 10,000 predictions.
"""

import argparse
import gc
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from agelens import AgePredictor
from agelens.data_prep.core.images import find_images
from benchmarks.evidence import add_record_option, write_result

READINGS = 20
PHOTOGRAPHS = 500


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="small photographs")
    parser.add_argument("--predictions", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=8)
    add_record_option(parser)
    asked, started = parser.parse_args(), time.perf_counter()
    files = find_images(asked.folder)
    files = files[:: max(1, len(files) // PHOTOGRAPHS)][:PHOTOGRAPHS]
    content = {
        "photographs": len(files),
        "threads": asked.threads,
        **measure(files, predictions=asked.predictions, threads=asked.threads),
    }
    print(content)
    write_result("soak", content, seconds=time.perf_counter() - started, record=asked.record)


def measure(files: list[Path], *, predictions: int, threads: int) -> dict[str, Any]:
    """Return the memory in the course of the predictions, its growth, and the ages that differ between repetitions."""
    predictor, process = AgePredictor.load(), psutil.Process(os.getpid())
    contents = [path.read_bytes() for path in files]
    first: dict[int, list[float]] = {}
    different = 0

    def predict(number: int) -> tuple[int, list[float]]:
        place = number % len(contents)
        return place, [face.age for face in predictor.predict(contents[place])]

    share = predictions // READINGS
    readings = [_reading(0, process)]
    with ThreadPoolExecutor(threads) as pool:
        for done in range(share, predictions + 1, share):
            for place, ages in pool.map(predict, range(done - share, done)):
                different += first.setdefault(place, ages) != ages
            readings.append(_reading(done, process))
            print(readings[-1], flush=True)
    later = readings[len(readings) // 2 :]
    slope = np.polyfit([one["predictions"] for one in later], [one["megabytes"] for one in later], 1)[0]
    return {
        "predictions": predictions,
        "readings": readings,
        "megabytes_per_10000": round(10_000 * float(slope), 2),
        "different_ages": different,
    }


def _reading(done: int, process: psutil.Process) -> dict[str, float]:
    gc.collect()
    memory = process.memory_info().rss / 1e6
    return {"predictions": done, "megabytes": round(memory, 1), "threads": process.num_threads()}


if __name__ == "__main__":
    main()
