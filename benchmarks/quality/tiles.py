"""Small faces in large images: what each setting of --tiles finds, its false boxes and its time.

    python -m benchmarks.quality.tiles [--data ../shared/data] [--rounds 4] [--record]

On the validation photographs of WIDER FACE, on groups of 12 megapixels composed of portraits (FG-NET and
All-Age-Faces), on images of 12 megapixels composed of regions without a face, and on portraits enlarged to that size.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np

from agelens.data_prep.core.boxes import pairwise_iou
from agelens.data_prep.core.images import find_images, read_rgb
from agelens.data_prep.faces.detector import Detector
from agelens.data_prep.faces.tiles import ScaledDetections, Tiles
from agelens.models.serving.detectors import open_detector
from agelens.models.serving.model_card import ModelCard
from agelens.weights.defaults import AGE_MODEL
from benchmarks.evidence import add_record_option, write_result
from benchmarks.quality.missed_faces import free_regions
from benchmarks.quality.widerface import Photo, read_photos

HEIGHT, WIDTH = 3000, 4000
FACE_SIDES = (40, 60, 100, 160, 240)
MOST_FACES = 120
LEAST_SIDES = (16, 24, 32, 64)
REGION = 500
SINGLE = 24


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the sources")
    parser.add_argument("--rounds", type=int, default=4, help="composed images of each kind")
    add_record_option(parser)
    asked, started = parser.parse_args(), time.perf_counter()
    settings = ModelCard.read(AGE_MODEL).detector
    people = read_portraits([asked.data / "fgnet/images", asked.data / "aaf/images"], open_detector(settings))
    scenes = {
        "WIDER FACE": list(read_photos(asked.data / "widerface")),
        **{
            f"groups with faces of {side} px": [compose_group(people, side, seed=seed) for seed in range(asked.rounds)]
            for side in FACE_SIDES
        },
        "without a face": compose_empty(asked.data / "widerface", count=asked.rounds),
        "one large face": [enlarge(one) for one in people[:: max(1, len(people) // SINGLE)][:SINGLE]],
    }
    result: dict[str, dict[str, Any]] = {}
    for mode in get_args(Tiles):
        result[mode] = {}
        detector = open_detector(settings, tiles=mode)
        for name, some in scenes.items():
            result[mode][name] = measure(detector, some)
            print(mode, name, result[mode][name], flush=True)
    content = {"detector": settings, "portraits": len(people), "tiles": result}
    write_result("tiles", content, seconds=time.perf_counter() - started, record=asked.record)


def measure(detector: Detector, scenes: Sequence[Photo]) -> dict[str, Any]:
    """Return recall by least side, false boxes (that overlap no face by a fifth) and seconds for each image."""
    detector.detect([scenes[0].image])
    hits, sides, false, scales, seconds = [], [], 0, [], 0.0
    for scene in scenes:
        started = time.perf_counter()
        (found,) = detector.detect([scene.image])
        seconds += time.perf_counter() - started
        overlaps = pairwise_iou(scene.faces, found.boxes)
        hits += (overlaps.max(axis=1, initial=0) >= 0.5).tolist()
        sides += (scene.faces[:, 2:] - scene.faces[:, :2]).min(axis=1).tolist()
        false += int((overlaps.max(axis=0, initial=0) < 0.2).sum())
        scales.append(found.scale if isinstance(found, ScaledDetections) else 1.0)
    hit, side = np.array(hits, bool), np.array(sides)
    recall = {
        f"recall_from_{least}_px": round(float(hit[side >= least].mean()), 4)
        for least in LEAST_SIDES
        if (side >= least).any()
    }
    return {
        "images": len(scenes),
        "faces": len(sides),
        **recall,
        "false_boxes": false,
        "seconds": round(seconds / len(scenes), 4),
        "mean_scale": round(float(np.mean(scales)), 3),
    }


def read_portraits(folders: Sequence[Path], detector: Detector, *, every: int = 4) -> list[Photo]:
    """Return photographs of one certain face, with its box."""
    found = []
    for path in [path for folder in folders if folder.is_dir() for path in find_images(folder)][::every]:
        image = read_rgb(path)
        (faces,) = detector.detect([image])
        if len(faces) == 1 and faces.scores[0] >= 0.5 and not faces.turn:
            found.append(Photo(image, faces.boxes))
    return found


def compose_group(people: Sequence[Photo], side: int, *, seed: int) -> Photo:
    """Return an image of portraits in random places of a grid, each with a face of about `side` pixels."""
    rng, cell = np.random.default_rng([seed, side]), 2 * side
    image, faces = np.full((HEIGHT, WIDTH, 3), 118, np.uint8), []
    places = rng.permutation([(y, x) for y in range(HEIGHT // cell) for x in range(WIDTH // cell)])[:MOST_FACES]
    for (row, column), index in zip(places * cell, rng.integers(len(people), size=len(places)), strict=True):
        person = people[index]
        (x1, y1, x2, y2), (height, width) = person.faces[0], person.image.shape[:2]
        scale = side / min(x2 - x1, y2 - y1) * rng.uniform(0.8, 1.2)
        reach = cell / 2 / scale
        left, top = max(0, int((x1 + x2) / 2 - reach)), max(0, int((y1 + y2) / 2 - reach))
        right, bottom = min(width, int((x1 + x2) / 2 + reach)), min(height, int((y1 + y2) / 2 + reach))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        part = cv2.resize(person.image[top:bottom, left:right], None, fx=scale, fy=scale, interpolation=method)
        part = part[:cell, :cell]
        image[row : row + part.shape[0], column : column + part.shape[1]] = part
        faces.append(np.array([x1 - left, y1 - top, x2 - left, y2 - top]) * scale + [column, row, column, row])
    return Photo(image, np.array(faces))


def compose_empty(widerface: Path, *, count: int) -> list[Photo]:
    """Return images composed of regions without a face."""
    regions, rng, scenes = list(free_regions(widerface)), np.random.default_rng(0), []
    for _ in range(count):
        image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        for y in range(0, HEIGHT, REGION):
            for x in range(0, WIDTH, REGION):
                region = regions[rng.integers(len(regions))]
                image[y : y + REGION, x : x + REGION] = cv2.resize(region, (REGION, REGION))
        scenes.append(Photo(image, np.zeros((0, 4))))
    return scenes


def enlarge(person: Photo) -> Photo:
    """Return a portrait enlarged to the width or height of a large photograph."""
    scale = WIDTH / max(person.image.shape[:2])
    return Photo(np.asarray(cv2.resize(person.image, None, fx=scale, fy=scale), np.uint8), person.faces * scale)


if __name__ == "__main__":
    main()
