"""Photographs become face crops."""

import hashlib

import numpy as np
import pandas as pd

from data_prep.atomic import write_json
from data_prep.crop import CropShape
from data_prep.detect import OpenVinoFaceDetector
from data_prep.face_table import crop_manifest
from data_prep.images import read_rgb, write_jpeg
from data_prep.tables import FACES, MANIFEST, REJECTED, read_table, write_table
from models.plots import draw_contact_sheet
from pipeline.fingerprints import fingerprint
from pipeline.params import Params
from pipeline.paths import Paths
from pipeline.progress import progress_bar, say
from weights.defaults import DETECTOR_RUNTIME

SHEET = 48
"""Crops on the contact sheet."""


def run(params: Params, paths: Paths) -> None:
    """Find, cut and write the largest face of every photograph."""
    manifest = read_table(paths.manifest, MANIFEST)
    section = params.crop_faces
    detector = OpenVinoFaceDetector(DETECTOR_RUNTIME, image_size=section.image_size, min_score=section.min_score)
    shape = CropShape(size=section.size, margin_fraction=section.margin_fraction, square=section.square)
    no_face = {name: source.no_face for name, source in params.sources.items()}
    digest = hashlib.sha256(DETECTOR_RUNTIME.with_suffix(".bin").read_bytes()).hexdigest()
    with progress_bar("cropping faces", total=len(manifest)) as advance:
        faces, rejected = crop_manifest(
            manifest,
            detector,
            folder=paths.crops,
            shape=shape,
            no_face=no_face,
            fingerprint=fingerprint([digest, section.model_dump(), no_face]),
            progress=advance,
        )
    write_table(paths.faces, faces, FACES)
    write_table(paths.faces_rejected, rejected, REJECTED)
    _write_report(faces, rejected, paths)


def _write_report(faces: pd.DataFrame, rejected: pd.DataFrame, paths: Paths) -> None:
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
    chosen = faces.iloc[np.linspace(0, len(faces) - 1, min(SHEET, len(faces))).astype(int)]
    crops = [read_rgb(paths.crops / name) for name in chosen["crop"]]
    captions = [f"{row.age:g} · {row.image_id}"[:28] for row in chosen.itertuples()]
    write_jpeg(paths.crop_report / "crops.jpg", draw_contact_sheet(crops, captions, columns=8))
