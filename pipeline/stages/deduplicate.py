"""Find duplicate images; drop those with conflicting labels, and keep one of the others."""

import numpy as np
import pandas as pd

from agelens.data_prep.core.images import read_rgb, write_png
from agelens.data_prep.core.ordered_threads import map_in_threads
from agelens.data_prep.core.tables import GROUPED, LANDMARKS, POINT_COLUMNS, REJECTED, read_table, write_table
from agelens.data_prep.faces.alignment import TEMPLATE_SIDE, align_points, warp_view
from agelens.data_prep.splits.crop_signature import CropSignature, FaceSignatures, describe_crop, describe_face
from agelens.data_prep.splits.dedup import find_groups, find_photos, resolve_duplicates
from agelens.data_prep.splits.signatures import AlignedFaces, Signatures, SignatureWriter
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.contact_sheets.duplicate_sheet import draw_duplicates
from agelens.pipeline.progress import progress_bar, say


def run(params: Params, paths: Paths) -> None:
    """Assign a photo and a group to every face, and keep one row per photo."""
    faces = read_table(paths.landmarks, LANDMARKS)
    section = params.deduplicate
    signatures, aligned = _describe(faces, paths, compare_faces=section.compare_faces)
    photo = find_photos(
        signatures,
        faces["image_id"].tolist(),
        faces=aligned,
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


def _describe(faces: pd.DataFrame, paths: Paths, *, compare_faces: bool) -> tuple[Signatures, AlignedFaces]:
    """Return the signatures of all crops, and of the aligned faces where points were located."""
    located = (faces["framing"] == "points").to_numpy() & compare_faces
    points = faces[list(POINT_COLUMNS)].to_numpy(dtype=np.float64).reshape(-1, 5, 2)

    def describe(index: int) -> tuple[CropSignature, FaceSignatures | None]:
        crop = read_rgb(paths.crops / faces["crop"].iloc[index])
        if not located[index]:
            return describe_crop(crop), None
        view = warp_view(crop, align_points(points[index], side=TEMPLATE_SIDE), side=TEMPLATE_SIDE)
        return describe_crop(crop), describe_face(view)

    folder = paths.grouped.parent  # not that of temporary files, which is often in memory
    with SignatureWriter(folder) as crops, SignatureWriter(folder) as aligned, SignatureWriter(folder) as mirrored:
        with progress_bar("comparing crops", total=len(faces)) as advance:
            for crop, face in map_in_threads(describe, range(len(faces)), threads=2):
                crops.append(crop)
                if face is not None:
                    aligned.append(face.aligned)
                    mirrored.append(face.mirrored)
                advance(1)
        return crops.finish(), AlignedFaces(np.flatnonzero(located), aligned.finish(), mirrored.finish())
