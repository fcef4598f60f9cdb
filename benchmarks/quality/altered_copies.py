"""How many altered copies of photographs `deduplicate` finds, by whole crops and by aligned faces.

    python -m benchmarks.quality.altered_copies PROJECT [--photographs 120] [--record]

PROJECT is a folder in which `locate_points` has run with `framing: points`. Photographs are drawn from each source,
altered, and searched, cut and located as in prediction. The project's own faces are compared, too: counted are the
photos that only faces join, and those of them with rows in two splits, which were made without comparing faces.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from agelens.data_prep.core.images import Pixels, read_rgb
from agelens.data_prep.core.ordered_threads import map_in_threads
from agelens.data_prep.core.tables import LANDMARKS, POINT_COLUMNS, SPLIT, read_table
from agelens.data_prep.faces.alignment import TEMPLATE_SIDE, align_points, warp_view
from agelens.data_prep.faces.crop import cut_largest_face
from agelens.data_prep.faces.points import PointLocator
from agelens.data_prep.splits.crop_signature import CropSignature, FaceSignatures, describe_crop, describe_face
from agelens.data_prep.splits.dedup import find_photos
from agelens.data_prep.splits.signatures import AlignedFaces, Signatures
from agelens.models.serving.detectors import open_detector, undo_searches
from agelens.models.serving.model_card import ModelCard
from agelens.weights.defaults import AGE_MODEL, POINT_LOCATOR
from benchmarks.evidence import add_record_option, write_result

SPLITS = ("train", "val", "test")
Described = tuple[CropSignature, FaceSignatures | None]


def turn(image: Pixels, degrees: float) -> Pixels:
    """Return the image turned around its centre; its border is repeated."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)


def recompress(image: Pixels) -> Pixels:
    """Return the image after JPEG of quality 30."""
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 30])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), dtype=np.uint8)


ALTERATIONS: dict[str, Callable[[Pixels], Pixels]] = {
    "JPEG 30": recompress,
    "half as large": lambda image: np.asarray(cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)),
    "brighter by a quarter": lambda image: np.clip(1.25 * image + 15, 0, 255).astype(np.uint8),
    "cropped by 8 pixels": lambda image: image[8:-8, 8:-8],
    "turned by 3 degrees": lambda image: turn(image, 3),
    "turned by 8 degrees": lambda image: turn(image, -8),
    "mirrored": lambda image: image[:, ::-1],
    "turned by 3 degrees, cropped by 8 pixels, mirrored": lambda image: turn(image, 3)[8:-8, 8:-8][:, ::-1],
}


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path, help="folder with data/landmarks.csv, crops, splits and photographs")
    parser.add_argument("--photographs", type=int, default=120, help="number of each source (default: %(default)s)")
    add_record_option(parser)
    asked, started = parser.parse_args(), time.perf_counter()
    table = read_table(asked.project / "data/landmarks.csv", LANDMARKS)
    described = list(map_in_threads(partial(describe_row, crops=asked.project / "data/crops"), table.iloc, threads=2))
    drawn = table.groupby("source").sample(asked.photographs, random_state=0)
    originals = [described[index] for index in drawn.index]
    copies = {name: describe_copies(drawn, asked.project, alter) for name, alter in ALTERATIONS.items()}
    content = {
        "photographs": drawn["source"].value_counts().sort_index().to_dict(),
        "found": {name: shares_found(originals, altered) for name, altered in copies.items()},
        "own": found_among(table, described, asked.project / "data/splits"),
    }
    write_result("altered_copies", content, seconds=time.perf_counter() - started, record=asked.record)


def describe_row(row: "pd.Series[Any]", crops: Path) -> Described:
    """Return the signatures of the crop of a row of LANDMARKS."""
    points = row[list(POINT_COLUMNS)].to_numpy(dtype=np.float64).reshape(5, 2)
    return describe(read_rgb(crops / row["crop"]), points if row["framing"] == "points" else None)


def describe(crop: Pixels, points: npt.NDArray[np.float64] | None) -> Described:
    """Return the signatures of a crop, and of its face where the points `(5, 2)` are known."""
    if points is None:
        return describe_crop(crop), None
    view = warp_view(crop, align_points(points, side=TEMPLATE_SIDE), side=TEMPLATE_SIDE)
    return describe_crop(crop), describe_face(view)


def describe_copies(drawn: pd.DataFrame, project: Path, alter: Callable[[Pixels], Pixels]) -> list[Described]:
    """Return the signatures of altered photographs: detected, cut and located as those of a data set."""
    card = ModelCard.read(AGE_MODEL)
    detector, locator = undo_searches(open_detector(card.detector)), PointLocator(POINT_LOCATOR)

    def describe_copy(path: str) -> Described:
        image = np.ascontiguousarray(alter(read_rgb(project / path)))
        face = cut_largest_face(image, detector.detect([image])[0], card.shape, no_face="whole_image")
        found = locator.locate([face.crop])[0]
        return describe(face.crop, found.points if found.located else None)

    return list(map_in_threads(describe_copy, drawn["path"], threads=2))


def shares_found(originals: list[Described], copies: list[Described]) -> dict[str, float]:
    """Return the shares of copies that belong to the photo of their original, by crops and by faces, too."""
    found = {"crops": 0, "faces": 0}
    for pair in zip(originals, copies, strict=True):
        crops, faces = [crop for crop, _ in pair], [face for _, face in pair]
        signatures, aligned = Signatures.of(crops), AlignedFaces.of(faces)
        found["crops"] += find_photos(signatures, ["a", "b"])[1] == "a"
        found["faces"] += find_photos(signatures, ["a", "b"], faces=aligned)[1] == "a"
    return {name: round(count / len(originals), 4) for name, count in found.items()}


def found_among(table: pd.DataFrame, described: list[Described], splits: Path) -> dict[str, int]:
    """Return how many photos of the project only faces join, and how many of these have rows in two splits."""
    crops, names = Signatures.of(crop for crop, _ in described), table["image_id"].tolist()
    by_crops = find_photos(crops, names)
    by_faces = find_photos(crops, names, faces=AlignedFaces.of([face for _, face in described]))
    parts = pd.DataFrame({"image_id": names, "photo": by_faces, "part": by_crops}).groupby("photo")["part"]
    joined = parts.nunique()
    rows = pd.concat([read_table(splits / f"{name}.csv", SPLIT).assign(split=name) for name in SPLITS])
    rows["photo"] = rows["image_id"].map(dict(zip(names, by_faces, strict=True)))
    across = rows.groupby("photo")["split"].nunique()
    return {
        "faces": len(table),
        "photos_joined_by_faces": int((joined > 1).sum()),
        "of_these_in_two_splits": int((across[across.index.isin(joined.index[joined > 1])] > 1).sum()),
        "files_of_the_largest_photo": int(pd.Series(by_faces).value_counts().max()),
    }


if __name__ == "__main__":
    main()
