"""Photographs become face crops."""

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from agelens.data_prep.core.atomic import write_json
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.images import Pixels, decode_rgb, read_rgb, write_png
from agelens.data_prep.core.tables import FACES, MANIFEST, REJECTED, read_table, write_table
from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.crop_manifest import FaceLimits, crop_manifest
from agelens.data_prep.faces.cropper import CropPlan, SourceRule, crop_name
from agelens.data_prep.sources.remote import read_content
from agelens.pipeline.config.fingerprints import crops_fingerprint
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.contact_sheets.crop_page import write_crop_page
from agelens.pipeline.contact_sheets.sheet import distinct_parts, draw_contact_sheet, fit_into_cell
from agelens.pipeline.faces.detectors import choose_detector
from agelens.pipeline.faces.engines import choose_engine
from agelens.pipeline.progress import progress_bar, say

SHEET = 48
"""Pictures on a contact sheet, at most."""

SHOWN_WHOLE = ("no_face", "too_many_faces")
"""Reasons that a crop does not show."""

SHOWN_AS_CROP = ("too_small", "blurred")


def run(params: Params, paths: Paths) -> None:
    """Find, cut and write the largest face of every photograph."""
    manifest = read_table(paths.manifest, MANIFEST)
    section = params.crop_faces
    open_detector, weights = choose_detector(section)
    rules = {
        name: SourceRule(image_size=source.image_size or section.image_size, no_face=source.no_face)
        for name, source in params.sources.items()
    }
    shape = CropShape(size=section.size, margin_fraction=section.margin_fraction, square=section.square)
    limits = FaceLimits(min_side=section.min_side, min_sharpness=section.min_sharpness, max_faces=section.max_faces)
    with progress_bar("cropping faces", total=len(manifest)) as advance:
        faces, rejected = crop_manifest(
            manifest,
            CropPlan(open_detector, shape, rules),
            folder=paths.crops,
            fingerprint=crops_fingerprint(params, detector=weights),
            limits=limits,
            engine=choose_engine(section.engine),
            progress=advance,
        )
    write_table(paths.faces, faces, FACES)
    write_table(paths.faces_rejected, rejected, REJECTED)
    counts = _write_counts(faces, rejected, paths)
    _draw_crops(faces, paths)
    _draw_rejected(rejected, paths)
    write_crop_page(paths.crop_report / "report.html", counts)
    if faces.empty:
        msg = f"No face was kept of {len(manifest)} photographs; {paths.crop_report / 'report.html'} says why."
        raise DataError(msg)


def _write_counts(faces: pd.DataFrame, rejected: pd.DataFrame, paths: Paths) -> pd.DataFrame:
    """Write and say how many images of each source came to what end."""
    outcomes = pd.concat(
        [
            faces[["source", "found"]].set_axis(["source", "outcome"], axis=1),
            rejected[["source", "reason"]].set_axis(["source", "outcome"], axis=1),
        ]
    )
    counts = outcomes.value_counts(sort=False).rename("images").reset_index()
    write_json(paths.crop_report / "counts.json", counts.to_dict("records"))
    for line in counts.to_dict("records"):
        say(f"{line['source']}: {line['images']} {line['outcome']}")
    return counts


def _draw_crops(faces: pd.DataFrame, paths: Paths) -> None:
    chosen, target = _spread(faces), paths.crop_report / "crops.png"
    if chosen.empty:
        target.unlink(missing_ok=True)
        return
    names = distinct_parts(chosen["image_id"].tolist())
    captions = [f"age {age:g}\n{name}" for age, name in zip(chosen["age"], names, strict=True)]
    crops = [read_rgb(paths.crops / name) for name in chosen["crop"]]
    write_png(target, draw_contact_sheet(crops, captions))


def _draw_rejected(rejected: pd.DataFrame, paths: Paths) -> None:
    """Draw a sheet for each reason; files that cannot be read have no picture, and are in the table alone."""
    for reason in (*SHOWN_WHOLE, *SHOWN_AS_CROP):
        chosen = _spread(rejected[rejected["reason"] == reason])
        target = paths.crop_report / f"rejected_{reason}.png"
        if chosen.empty:
            target.unlink(missing_ok=True)
            continue
        names = distinct_parts(chosen["image_id"].tolist())
        captions = [f"{detail}\n{name}" for detail, name in zip(chosen["detail"], names, strict=True)]
        # Made small one by one: whole photographs may take gigabytes together.
        images = [fit_into_cell(_read_rejected(row, reason, paths)) for row in chosen.to_dict("records")]
        write_png(target, draw_contact_sheet(images, captions))


def _read_rejected(row: dict[Hashable, Any], reason: str, paths: Paths) -> Pixels:
    if reason in SHOWN_WHOLE:
        return decode_rgb(read_content(row["path"]))
    return read_rgb(paths.crops / crop_name(row["image_id"], source=row["source"]))


def _spread(table: pd.DataFrame) -> pd.DataFrame:
    """Return at most `SHEET` rows, evenly spread over the table."""
    return table.iloc[np.linspace(0, len(table) - 1, min(SHEET, len(table))).astype(int)]
