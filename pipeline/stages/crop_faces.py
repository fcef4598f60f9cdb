"""Find and crop the largest face of every photograph."""

import pandas as pd

from agelens.data_prep.core.atomic import write_json
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.tables import FACES, MANIFEST, REJECTED, read_table, write_table
from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.crop_manifest import FaceLimits, crop_manifest
from agelens.data_prep.faces.cropper import CropPlan, SourceRule
from agelens.pipeline.config.fingerprints import crops_fingerprint
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.contact_sheets.crop_page import write_crop_page
from agelens.pipeline.contact_sheets.crop_sheets import draw_crop_sheets
from agelens.pipeline.faces.detectors import choose_detector
from agelens.pipeline.faces.engines import choose_engine
from agelens.pipeline.progress import progress_bar, say
from agelens.pipeline.tracking.data import log_crops
from agelens.pipeline.tracking.run import Run
from agelens.pipeline.tracking.runs import tracked_run


def run(params: Params, paths: Paths) -> None:
    """Write the crops, the table of faces, and a report with contact sheets.

    Raises:
        DataError: No face was kept.
    """
    with tracked_run("crop_faces", params=params, paths=paths) as tracked:
        _crop_and_report(params, paths, tracked)


def _crop_and_report(params: Params, paths: Paths, tracked: Run) -> None:
    manifest = read_table(paths.manifest, MANIFEST)
    faces, rejected = _crop(params, paths, manifest)
    write_table(paths.faces, faces, FACES)
    write_table(paths.faces_rejected, rejected, REJECTED)
    counts = _count_outcomes(faces, rejected)
    write_json(paths.crop_report / "counts.json", counts.to_dict("records"))
    draw_crop_sheets(faces, rejected, crops=paths.crops, folder=paths.crop_report)
    write_crop_page(paths.crop_report / "report.html", counts)
    log_crops(tracked, counts, kept=len(faces), sheet=paths.crop_report / "crops.png")
    for row in counts.to_dict("records"):
        say(f"{row['source']}: {row['images']} {row['outcome']}")
    if faces.empty:
        msg = f"No face was kept of {len(manifest)} photographs; see {paths.crop_report / 'report.html'}."
        raise DataError(msg)


def _crop(params: Params, paths: Paths, manifest: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the faces that were kept, and the rejected rows."""
    section = params.crop_faces
    open_detector, weights = choose_detector(section)
    rules = {
        name: SourceRule(image_size=source.image_size or section.image_size, no_face=source.no_face)
        for name, source in params.sources.items()
    }
    with progress_bar("cropping faces", total=len(manifest)) as advance:
        return crop_manifest(
            manifest,
            CropPlan(open_detector, from_section(CropShape, section), rules),
            folder=paths.crops,
            journal=paths.crop_journal,
            fingerprint=crops_fingerprint(params, detector=weights),
            limits=from_section(FaceLimits, section),
            engine=choose_engine(section.engine),
            progress=advance,
        )


def _count_outcomes(faces: pd.DataFrame, rejected: pd.DataFrame) -> pd.DataFrame:
    """Return the number of images by source and outcome."""
    outcomes = pd.concat(
        [
            faces[["source", "found"]].set_axis(["source", "outcome"], axis=1),
            rejected[["source", "reason"]].set_axis(["source", "outcome"], axis=1),
        ]
    )
    return outcomes.value_counts(sort=False).rename("images").reset_index()
