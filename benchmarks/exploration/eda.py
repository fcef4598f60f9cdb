"""Speed of the stage `eda`, and how well `detail` finds faces that were enlarged.

Usage: python benchmarks/exploration/eda.py PROJECT, for a checkout in which `dvc repro rebalance` has been run.
The stage runs there. Then some crops are reduced to several sides, enlarged again and stored as JPEG, and the share
of those with low detail is counted; the side 0 is the crop itself.
"""

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from agelens.data_prep.core.images import Pixels, jpeg_round_trip, read_rgb
from agelens.data_prep.core.tables import FACES, read_table
from agelens.data_prep.exploration.pixels import measure_crop
from agelens.data_prep.exploration.quality import LOW_DETAIL
from agelens.data_prep.splits.split import hash_names
from agelens.pipeline.config.params import read_params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.stages import eda

sys.path.insert(0, str(Path(__file__).parents[1]))
from evidence import add_record_option, write_result

SIDES = (24, 32, 40, 48, 64, 96, 0)


def main() -> None:
    """Measure, print the main figures, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--crops", type=int, default=1000, help="number of crops that are reduced and enlarged")
    add_record_option(parser)
    asked = parser.parse_args()
    here = Path.cwd()
    os.chdir(asked.project)
    paths = Paths()
    started, used = time.perf_counter(), time.process_time()
    eda.run(read_params(paths.params), paths)
    seconds, used = time.perf_counter() - started, time.process_time() - used
    summary = json.loads(paths.eda_summary.read_text())
    result = {
        "faces": summary["all"]["rows"]["crop_faces"],
        "stage_seconds": round(seconds, 1),
        "stage_cpu_seconds": round(used, 1),
        "faces_per_second": round(summary["all"]["rows"]["crop_faces"] / seconds, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "page_mb": round(paths.eda_page.stat().st_size / 1e6, 2),
        "low_detail_by_side": _find_enlarged(paths, asked.crops),
        "figures": {name: part["ages"] | part["flags"] for name, part in summary["sources"].items()},
    }
    os.chdir(here)
    print(f"{result['faces']} faces in {result['stage_seconds']} s, {result['stage_cpu_seconds']} s of processors")
    print(f"low detail by side: {result['low_detail_by_side']}")
    write_result("eda", result, seconds=time.perf_counter() - started, record=asked.record)


def _find_enlarged(paths: Paths, count: int) -> dict[str, float]:
    """Return the share of crops with low detail, by the side to which they were reduced."""
    faces = read_table(paths.faces, FACES)
    order = hash_names(faces["image_id"], seed=0).sort_values().index[:count]
    crops = [read_rgb(paths.crops / name) for name in faces.loc[order, "crop"]]
    found = {}
    for side in SIDES:
        details = [measure_crop(_enlarge(crop, side) if side else crop).detail for crop in crops]
        found[str(side)] = round(float(np.mean(np.array(details) < LOW_DETAIL)), 4)
    return found


def _enlarge(crop: Pixels, side: int) -> Pixels:
    reduced = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    enlarged = cv2.resize(reduced, crop.shape[:2], interpolation=cv2.INTER_CUBIC)
    return jpeg_round_trip(np.asarray(enlarged, dtype=np.uint8))


if __name__ == "__main__":
    main()
