"""Accuracy of the bundled face detector: average precision, share of portraits with a box, false boxes.

Usage: `python benchmarks/detector.py --help`; data that is absent is skipped. WIDER FACE does not label its tiniest
faces: look at the sheet before you count a box as false.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from quality.widerface import read_photos

from agelens.data_prep.core.boxes import Boxes, box_areas, clip_boxes
from agelens.data_prep.core.errors import ImageError
from agelens.data_prep.core.hashing import file_hash
from agelens.data_prep.core.images import Pixels, find_images, read_rgb, write_jpeg
from agelens.data_prep.detector_training.average_precision import (
    average_precision,
    match_detections,
    pick_free_squares,
    scaled_sides,
)
from agelens.data_prep.faces.crop import CropShape, crop_face
from agelens.data_prep.faces.detector import Detector, OpenVinoFaceDetector
from agelens.pipeline.contact_sheets.sheet import draw_contact_sheet
from agelens.weights.defaults import DETECTOR_RUNTIME
from evidence import add_record_option, write_result

DATA = Path("../shared/data")
AP_SIZE = 512
AP_MIN_SCORE = 0.001
"""Low, because the precision-recall curve needs boxes with low scores too."""
LARGE = 32
"""Minimum shorter side in pixels of a large face, in an image of `AP_SIZE`."""
MIN_SCORE = 0.3
"""Threshold of a detection, as in the pipeline."""
REGIONS = 300
BATCH = 64
RED = (255, 0, 0)


def main() -> None:
    """Measure what data is present for, print the table and the main figure, and write the result."""
    asked, started = _arguments(), time.perf_counter()
    detector = OpenVinoFaceDetector(DETECTOR_RUNTIME, image_size=asked.image_size, min_score=MIN_SCORE)
    result: dict[str, Any] = {
        "detector_sha256": file_hash(DETECTOR_RUNTIME.with_suffix(".bin")),
        "image_size": asked.image_size,
        "min_score": MIN_SCORE,
        "seed": asked.seed,
    }
    if _is_there("WIDER FACE", asked.widerface / "images/val"):
        result["average_precision"] = measure_precision(asked.widerface, count=asked.images)
        result["false_boxes"] = count_false_boxes(
            asked.widerface, detector, count=asked.images, seed=asked.seed, sheet=asked.sheet
        )
    portraits = {"UTKFace": asked.utkface, "Adience": asked.adience}
    result["found"] = {
        name: count_found(folder, detector, sample=asked.sample, seed=asked.seed)
        for name, folder in portraits.items()
        if _is_there(name, folder)
    }
    if not result["found"] and "average_precision" not in result:
        msg = "Nothing was measured, so nothing is written. Pass the folders of the data; see --help."
        raise SystemExit(msg)
    _print_table(result)
    write_result("detector", result, seconds=time.perf_counter() - started, record=asked.record)
    if "average_precision" in result:
        print(f"AP50 of faces of at least {LARGE} px: {result['average_precision']['large']['ap50']:.3f}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--widerface", type=Path, default=DATA / "widerface", help="folder with images/val and labels/val"
    )
    parser.add_argument("--utkface", type=Path, default=DATA / "utkface/UTKFace")
    parser.add_argument("--adience", type=Path, default=DATA / "adience/faces")
    parser.add_argument(
        "--image-size", type=int, default=320, help="as in the pipeline; average precision uses its own"
    )
    parser.add_argument("--images", type=int, help="use only the first IMAGES photographs of WIDER FACE")
    parser.add_argument("--sample", type=int, help="use a random sample of this many files of each set of portraits")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sheet", type=Path, help="write the boxes where no face is labelled to this JPEG file")
    add_record_option(parser)
    return parser.parse_args()


def _is_there(name: str, folder: Path) -> bool:
    if not folder.is_dir():
        print(f"{name} is skipped: there is no folder {folder}.")
    return folder.is_dir()


def measure_precision(widerface: Path, *, count: int | None) -> dict[str, Any]:
    """Return AP50 at `AP_SIZE` for all faces, and twice for large ones, where small faces are ignored.

    `large` counts a small box that matches no face as false. `large_boxes` ignores such a box, as COCO does: it
    measures the boxes that an age model can use, without loose or unlabelled tiny faces.
    """
    detector = OpenVinoFaceDetector(DETECTOR_RUNTIME, image_size=AP_SIZE, min_score=AP_MIN_SCORE)
    verdicts: dict[str, list[Any]] = {"all": [], "large": [], "large_boxes": []}
    for photo in read_photos(widerface, count=count):
        height, width = photo.image.shape[:2]
        (found,) = detector.detect([photo.image])
        small, small_boxes = (
            scaled_sides(boxes, height=height, width=width, longest=AP_SIZE) < LARGE
            for boxes in (photo.faces, found.boxes)
        )
        verdicts["all"].append(match_detections(found, photo.faces, ignored=np.zeros_like(small)))
        verdicts["large"].append(match_detections(found, photo.faces, ignored=small))
        verdicts["large_boxes"].append(match_detections(found, photo.faces, ignored=small, excused=small_boxes))
    figures = {
        name: {"faces": sum(each.face_count for each in some), "ap50": round(average_precision(some), 4)}
        for name, some in verdicts.items()
    }
    setting = {"image_size": AP_SIZE, "min_score": AP_MIN_SCORE, "large_px": LARGE}
    return {**setting, "images": len(verdicts["all"]), **figures}


def count_false_boxes(
    widerface: Path, detector: Detector, *, count: int | None, seed: int, sheet: Path | None
) -> dict[str, Any]:
    """Count boxes in squares without a labelled face, and draw them on the sheet, best score first.

    Compare the share of regions with a box with the shares of `count_found`: a detector that finds a face in every
    image also finds all portraits. Boxes that fill most of a region indicate such a detector.
    """
    rng = np.random.default_rng(seed)
    regions = fooled = filling = 0
    tiles: list[tuple[float, Pixels]] = []
    for photo in read_photos(widerface, count=count):
        height, width = photo.image.shape[:2]
        squares = pick_free_squares(photo.faces, height=height, width=width, rng=rng).astype(int)
        cuts = [photo.image[y1:y2, x1:x2] for x1, y1, x2, y2 in squares]
        regions += len(cuts)
        for cut, found in zip(cuts, detector.detect(cuts), strict=True):
            fooled += len(found) > 0
            filling += int((box_areas(found.boxes) > cut.shape[0] * cut.shape[1] / 2).sum())
            tiles += [(score, _mark(cut, box)) for box, score in zip(found.boxes, found.scores, strict=True)]
    if regions < REGIONS:
        print(f"Only {regions} face-free regions instead of {REGIONS}. Use more photographs.")
    if sheet is not None and tiles:
        tiles.sort(key=lambda tile: -tile[0])
        write_jpeg(sheet, draw_contact_sheet([tile for _, tile in tiles], [f"{s:.2f}" for s, _ in tiles], columns=10))
    return {
        "regions": regions,
        "boxes": len(tiles),
        "per_100_regions": round(100 * len(tiles) / max(regions, 1), 2),
        "regions_with_box": fooled,
        "boxes_over_half_a_region": filling,
    }


def _mark(region: Pixels, box: Boxes) -> Pixels:
    """Return a box with its surroundings; the frame is drawn just outside the box where there is room."""
    thickness = max(1, round((box[2] - box[0]) / 40))
    outer = np.concatenate([np.floor(box[:2]) - thickness, np.ceil(box[2:]) + thickness])
    x1, y1, x2, y2 = clip_boxes(outer, height=region.shape[0] - 1, width=region.shape[1] - 1).astype(int).tolist()
    framed = cv2.rectangle(region.copy(), (x1, y1), (x2, y2), RED, thickness)
    return crop_face(framed, box, CropShape(size=192, margin_fraction=1.0))


def count_found(folder: Path, detector: Detector, *, sample: int | None, seed: int) -> dict[str, Any]:
    """Count the files in which there is at least one box; unreadable files count as not found."""
    paths = find_images(folder)
    if sample is not None and sample < len(paths):
        chosen = np.random.default_rng(seed).choice(len(paths), size=sample, replace=False)
        paths = [paths[index] for index in sorted(chosen)]
    found = unreadable = 0
    for start in range(0, len(paths), BATCH):
        images = [image for path in paths[start : start + BATCH] if (image := _read(path)) is not None]
        unreadable += len(paths[start : start + BATCH]) - len(images)
        found += sum(len(detections) > 0 for detections in detector.detect(images))
    return {"files": len(paths), "unreadable": unreadable, "found": found, "share": round(found / len(paths), 5)}


def _read(path: Path) -> Pixels | None:
    try:
        return read_rgb(path)
    except ImageError:
        return None


def _print_table(result: dict[str, Any]) -> None:
    rows = []
    if "average_precision" in result:
        precision, false = result["average_precision"], result["false_boxes"]
        labels = ("AP50, all faces", f"AP50, faces of at least {LARGE} px", "  without unmatched small boxes")
        for name, label in zip(("all", "large", "large_boxes"), labels, strict=True):
            rows.append((label, f"{precision[name]['ap50']:.3f}", f"{precision[name]['faces']:,} faces of WIDER FACE"))
        per_100 = f"{false['per_100_regions']:.2f}"
        base = f"{false['boxes']} in {false['regions']:,} regions, {false['boxes_over_half_a_region']} fill most of one"
        rows.append(("boxes per 100 face-free regions", per_100, base))
        share = f"{100 * false['regions_with_box'] / max(false['regions'], 1):.2f} %"
        rows.append(("found, face-free regions", share, f"{false['regions_with_box']} of {false['regions']:,} regions"))
    for name, found in result["found"].items():
        rows.append(
            (f"found, {name}", f"{100 * found['share']:.2f} %", f"{found['found']:,} of {found['files']:,} files")
        )
    for label, figure, base in rows:
        print(f"{label:34} {figure:>9}   {base}")


if __name__ == "__main__":
    main()
