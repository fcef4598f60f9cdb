"""Find duplicate images; drop those with conflicting labels, and keep one of the others."""

from concurrent.futures import ThreadPoolExecutor

import pandas as pd

from agelens.data_prep.core.images import read_rgb, write_png
from agelens.data_prep.core.tables import GROUPED, LANDMARKS, REJECTED, read_table, write_table
from agelens.data_prep.splits.crop_signature import CropSignature, describe_crop
from agelens.data_prep.splits.dedup import find_groups, find_photos, resolve_duplicates
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.contact_sheets.duplicate_sheet import draw_duplicates
from agelens.pipeline.progress import progress_bar, say


def run(params: Params, paths: Paths) -> None:
    """Assign a photo and a group to every face, and keep one row per photo."""
    faces = read_table(paths.landmarks, LANDMARKS)
    section = params.deduplicate
    photo = find_photos(
        _describe_crops(faces, paths),
        faces["image_id"].tolist(),
        max_bits=section.max_bits,
        min_correlation=section.min_correlation,
    )
    table = faces.assign(photo=photo, group=find_groups(photo, faces["subject"]))
    write_png(paths.duplicates_report / "largest.png", draw_duplicates(table, crops=paths.crops))
    kept, rejected = resolve_duplicates(table, max_age_gap=section.max_age_gap, max_photo_files=section.max_photo_files)
    write_table(paths.grouped, kept, GROUPED)
    write_table(paths.grouped_rejected, rejected, REJECTED)
    counts = rejected["reason"].value_counts()
    say(", ".join([f"{len(kept)} photos kept", *(f"{count} {reason}" for reason, count in counts.items())]))


def _describe_crops(faces: pd.DataFrame, paths: Paths) -> list[CropSignature]:
    signatures = []
    with progress_bar("comparing crops", total=len(faces)) as advance, ThreadPoolExecutor(2) as pool:
        for signature in pool.map(lambda name: describe_crop(read_rgb(paths.crops / name)), faces["crop"]):
            signatures.append(signature)
            advance(1)
    return signatures
