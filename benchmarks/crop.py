"""Speed of cropping: the seed project's loop, our stage, and the detector by itself, which is the upper limit.

All three run on the same images, each in its own process and in turn in every round, so that other load on the
machine affects all of them. Usage: `python benchmarks/crop.py --help`.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import pandas as pd

from agelens.data_prep.core.images import Pixels, find_images, read_rgb
from agelens.data_prep.core.openvino_requests import Precision, make_requests
from agelens.data_prep.core.tables import MANIFEST, make_table, read_table, write_table
from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.crop_manifest import crop_manifest
from agelens.data_prep.faces.cropper import CropPlan, SourceRule
from agelens.data_prep.faces.detector import compile_network, letterbox, square_side
from agelens.data_prep.faces.torch_detector import GPU_BATCH, check_trusted, import_ultralytics
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.params import Params, read_params
from agelens.pipeline.faces.detectors import CPU_BATCH, choose_detector
from agelens.weights.defaults import DETECTOR_RUNTIME, DETECTOR_TORCH
from agelens.weights.integrity import trusted_checkpoints
from evidence import add_record_option, write_result

DATA = Path("../shared/data")
SEED_SIZE = 224
SEED_MARGIN = 0.15
PREPARED = 256
"""Number of distinct inputs of the detector by itself; more would take memory that is measured too."""

Part = Callable[[pd.DataFrame, Params], dict[str, float]]


def main() -> None:
    """Measure, print the table and the main figure, and write the result."""
    asked = _arguments()
    check_trusted(DETECTOR_TORCH, trusted=trusted_checkpoints())
    params = read_params(asked.params)
    if asked.part:
        manifest = read_table(asked.manifest, MANIFEST)
        print(json.dumps(PARTS[asked.part](manifest, params)))
        return
    started = time.perf_counter()
    manifest = _make_sample({"utkface": (asked.utkface, 4000), "adience": (asked.adience, 1000)}, asked)
    with tempfile.TemporaryDirectory() as folder:
        write_table(Path(folder) / "manifest.csv", manifest, MANIFEST)
        rounds = [
            {part: _measure(part, Path(folder) / "manifest.csv", asked.params) for part in PARTS}
            for _ in range(asked.rounds)
        ]
    result = {
        "images": manifest["source"].value_counts().to_dict(),
        "squares": {side: len(paths) for side, paths in _by_side(manifest, params).items()},
        "seed": asked.seed,
        **_summarise(rounds, params),
    }
    for name, rate in result["images_per_second"].items():
        print(
            f"{name:6} {rate['median']:8.1f} images/s  (rounds {', '.join(f'{each:.1f}' for each in rate['rounds'])})"
        )
    print(
        f"peak memory of our stage {result['peak_mb']:.0f} MB; {result['share_of_floor']:.0%} of the detector's speed"
    )
    write_result("crop", result, seconds=time.perf_counter() - started, record=asked.record)
    print(f"against the seed project's loop: {result['speedup']:.1f}x")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--utkface", type=Path, default=DATA / "utkface/UTKFace")
    parser.add_argument("--adience", type=Path, default=DATA / "adience/faces")
    parser.add_argument("--share", type=float, default=1.0, help="fraction of the 4,000 and 1,000 images to use")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0, help="of the random sample")
    parser.add_argument("--params", type=Path, default=Path("params/utkface.yaml"), help="settings of our stage")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--manifest", type=Path, help=argparse.SUPPRESS)
    add_record_option(parser)
    return parser.parse_args()


def _make_sample(sources: dict[str, tuple[Path, int]], asked: argparse.Namespace) -> pd.DataFrame:
    """Return a manifest of a random sample; a source that is absent is skipped."""
    rng = np.random.default_rng(asked.seed)
    rows: list[dict[str, object]] = []
    for source, (folder, count) in sources.items():
        paths = find_images(folder)
        if not paths:
            print(f"{source} is skipped: there is no image in {folder}.")
            continue
        drawn = rng.choice(len(paths), size=min(len(paths), round(count * asked.share)), replace=False)
        label = {"source": source, "age_low": 0, "age_high": 0, "age": 0, "age_kind": "exact", "age_clipped": False}
        rows += [
            {"image_id": f"{source}/{number}", "path": str(paths[index].resolve()), **label}
            for number, index in enumerate(sorted(drawn))
        ]
    if not rows:
        msg = "Nothing was measured, so nothing is written. Pass the folders of the data; see --help."
        raise SystemExit(msg)
    return make_table(rows, MANIFEST)


def _measure(part: str, manifest: Path, params: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--part", part, "--manifest", str(manifest)]
    done = subprocess.run([*command, "--params", str(params)], check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _summarise(rounds: list[dict[str, dict[str, float]]], params: Params) -> dict[str, Any]:
    """Return rates, their spread ((highest - lowest) / median) and the two ratios; ratios are medians over rounds."""
    rates = {part: [each[part]["rate"] for each in rounds] for part in PARTS}
    return {
        "settings": params.crop_faces.model_dump(),
        "rounds": len(rounds),
        "images_per_second": {
            part: {
                "median": round(median(each), 1),
                "spread": round((max(each) - min(each)) / median(each), 3),
                "rounds": [round(rate, 1) for rate in each],
            }
            for part, each in rates.items()
        },
        "faces": {part: int(rounds[0][part]["faces"]) for part in ("seed", "stage")},
        "peak_mb": round(max(each["stage"]["peak_mb"] for each in rounds)),
        "speedup": round(median(a / b for a, b in zip(rates["stage"], rates["seed"], strict=True)), 2),
        "share_of_floor": round(median(a / b for a, b in zip(rates["stage"], rates["floor"], strict=True)), 3),
    }


def _rule(params: Params, source: str) -> SourceRule:
    given = params.sources[source]
    return SourceRule(image_size=given.image_size or params.crop_faces.image_size, no_face=given.no_face)


def run_seed(manifest: pd.DataFrame, _: Params) -> dict[str, float]:
    """Crop as the seed project does, image by image; excludes the time to load the model."""
    faces = 0
    with tempfile.TemporaryDirectory() as folder:
        model = import_ultralytics(Path(folder)).YOLO(str(DETECTOR_TORCH))
        model.predict(np.zeros((64, 64, 3), dtype=np.uint8), verbose=False)
        started = time.perf_counter()
        for number, path in enumerate(manifest["path"]):
            image = cv2.imread(path)
            boxes = model.predict(image, conf=0.3, verbose=False)[0].boxes.xyxy.cpu().numpy()
            if not len(boxes):
                continue
            faces += 1
            x1, y1, x2, y2 = max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
            dx, dy = SEED_MARGIN * (x2 - x1), SEED_MARGIN * (y2 - y1)
            height, width = image.shape[:2]
            left, top, right, bottom = max(0, x1 - dx), max(0, y1 - dy), min(width, x2 + dx), min(height, y2 + dy)
            face = image[int(top) : int(bottom), int(left) : int(right)]
            face = cv2.resize(face, (SEED_SIZE, SEED_SIZE), interpolation=cv2.INTER_AREA)
            cv2.imwrite(f"{folder}/{number}.jpg", face)
        seconds = time.perf_counter() - started
    return {"rate": len(manifest) / seconds, "faces": faces}


def run_stage(manifest: pd.DataFrame, params: Params) -> dict[str, float]:
    """Crop as the stage does, into a new folder; includes the time to load the detectors."""
    section = params.crop_faces
    open_detector, _ = choose_detector(section)
    shape = from_section(CropShape, section)
    plan = CropPlan(open_detector, shape, {name: _rule(params, name) for name in params.sources})
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        crops, journal = Path(folder, "crops"), Path(folder, "journal.jsonl")
        faces, _ = crop_manifest(manifest, plan, folder=crops, journal=journal, fingerprint="benchmark")
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rate": len(manifest) / seconds, "faces": len(faces), "peak_mb": peak}


def run_floor(manifest: pd.DataFrame, params: Params) -> dict[str, float]:
    """Run the network on prepared squares of the sides that our stage uses; excludes the time to load it."""
    _, weights = choose_detector(params.crop_faces)
    seconds = 0.0
    for side, paths in _by_side(manifest, params).items():
        squares = np.stack([letterbox(read_rgb(Path(path)), size=side)[0] for path in paths[:PREPARED]])
        infer = _torch(squares) if weights == DETECTOR_TORCH else _openvino(squares, params.crop_faces.precision)
        infer(16)
        started = time.perf_counter()
        infer(len(paths))
        seconds += time.perf_counter() - started
    return {"rate": len(manifest) / seconds}


def _by_side(manifest: pd.DataFrame, params: Params) -> dict[int, list[str]]:
    """Return the images by the side of the square in which the detector processes them."""
    rows: dict[int, list[str]] = {}
    for path, source in zip(manifest["path"], manifest["source"], strict=True):
        height, width = read_rgb(Path(path)).shape[:2]
        rows.setdefault(square_side(height, width, image_size=_rule(params, source).image_size), []).append(path)
    return dict(sorted(rows.items()))


def _openvino(squares: Pixels, precision: Precision) -> Callable[[int], None]:
    """Return a function that runs the network on a number of squares and discards the output."""
    shape = (CPU_BATCH, *squares.shape[1:])
    ring = make_requests(compile_network(DETECTOR_RUNTIME, shape=shape, precision=precision))
    batches = [np.resize(squares[start : start + CPU_BATCH], shape) for start in range(0, len(squares), CPU_BATCH)]

    def infer(count: int) -> None:
        for index in range(math.ceil(count / CPU_BATCH)):
            if index >= len(ring):
                ring[index % len(ring)].wait()
            ring[index % len(ring)].start_async({0: batches[index % len(batches)]})
        for request in ring:
            request.wait()

    return infer


def _torch(squares: Pixels) -> Callable[[int], None]:
    import torch  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        network = import_ultralytics(Path(folder)).YOLO(str(DETECTOR_TORCH)).model.fuse().eval().cuda()
    pixels = np.stack([squares[index % len(squares)] for index in range(GPU_BATCH)]).transpose(0, 3, 1, 2)
    batch = torch.from_numpy(pixels / np.float32(255)).cuda()

    def infer(count: int) -> None:
        with torch.inference_mode():
            for _ in range(0, count, GPU_BATCH):
                network(batch)
        torch.cuda.synchronize()

    return infer


PARTS: dict[str, Part] = {"seed": run_seed, "floor": run_floor, "stage": run_stage}
"""In this order, because a file system is slower just after the seed project's loop has deleted thousands of files."""


if __name__ == "__main__":
    main()
