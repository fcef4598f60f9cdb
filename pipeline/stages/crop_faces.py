"""Photographs become face crops."""

from pathlib import Path

import numpy as np
import pandas as pd

from data_prep.atomic import write_json
from data_prep.crop import CropShape
from data_prep.detect import OpenVinoFaceDetector
from data_prep.errors import DataError
from data_prep.face_table import crop_manifest
from data_prep.images import read_rgb, write_png
from data_prep.tables import FACES, MANIFEST, REJECTED, read_table, write_table
from models.contact_sheet import distinct_parts, draw_contact_sheet, fit_into_cell
from pipeline.fingerprints import crops_fingerprint
from pipeline.params import Params
from pipeline.paths import Paths
from pipeline.progress import progress_bar, say
from weights.defaults import DETECTOR_RUNTIME

SHEET = 48
"""Pictures on a contact sheet, at most."""


def run(params: Params, paths: Paths) -> None:
    """Find, cut and write the largest face of every photograph."""
    manifest = read_table(paths.manifest, MANIFEST)
    section = params.crop_faces
    detector = OpenVinoFaceDetector(DETECTOR_RUNTIME, image_size=section.image_size, min_score=section.min_score)
    shape = CropShape(size=section.size, margin_fraction=section.margin_fraction, square=section.square)
    no_face = {name: source.no_face for name, source in params.sources.items()}
    with progress_bar("cropping faces", total=len(manifest)) as advance:
        faces, rejected = crop_manifest(
            manifest,
            detector,
            folder=paths.crops,
            shape=shape,
            no_face=no_face,
            fingerprint=crops_fingerprint(params, detector=DETECTOR_RUNTIME.with_suffix(".bin")),
            progress=advance,
        )
    write_table(paths.faces, faces, FACES)
    write_table(paths.faces_rejected, rejected, REJECTED)
    _write_counts(faces, rejected, paths)
    if faces.empty:
        msg = f"No face was found in any of {len(manifest)} photographs; {paths.faces_rejected} says why."
        raise DataError(msg)
    _draw_crops(faces, paths)
    _draw_rejected(rejected, paths)


def _write_counts(faces: pd.DataFrame, rejected: pd.DataFrame, paths: Paths) -> None:
    outcomes = pd.concat(
        [
            faces[["source", "found"]].set_axis(["source", "outcome"], axis=1),
            rejected[["source", "reason"]].set_axis(["source", "outcome"], axis=1),
        ]
    )
    counts = outcomes.value_counts(sort=False).rename("images").reset_index().to_dict("records")
    write_json(paths.crop_report / "counts.json", counts)
    for line in counts:
        say(f"{line['source']}: {line['images']} {line['outcome']}")


def _draw_crops(faces: pd.DataFrame, paths: Paths) -> None:
    chosen = _spread(faces)
    names = distinct_parts(chosen["image_id"].tolist())
    captions = [f"age {age:g}\n{name}" for age, name in zip(chosen["age"], names, strict=True)]
    crops = [read_rgb(paths.crops / name) for name in chosen["crop"]]
    write_png(paths.crop_report / "crops.png", draw_contact_sheet(crops, captions))


def _draw_rejected(rejected: pd.DataFrame, paths: Paths) -> None:
    """Draw photographs without a face, whole; other rejected files cannot be read."""
    chosen = _spread(rejected[rejected["reason"] == "no_face"])
    target = paths.crop_report / "rejected.png"
    if chosen.empty:
        target.unlink(missing_ok=True)
        return
    names = distinct_parts(chosen["image_id"].tolist())
    captions = [f"{reason}\n{name}" for reason, name in zip(chosen["reason"], names, strict=True)]
    # Made small one by one: whole photographs may take gigabytes together.
    images = [fit_into_cell(read_rgb(Path(name))) for name in chosen["path"]]
    write_png(target, draw_contact_sheet(images, captions))


def _spread(table: pd.DataFrame) -> pd.DataFrame:
    """Return at most `SHEET` rows, evenly spread over the table."""
    return table.iloc[np.linspace(0, len(table) - 1, min(SHEET, len(table))).astype(int)]
