"""Pictures that are the same are found; conflicting ones go, one of the others stays."""

from concurrent.futures import ThreadPoolExecutor

import pandas as pd

from agelens.data_prep.core.images import read_rgb, write_png
from agelens.data_prep.core.tables import FACES, GROUPED, REJECTED, read_table, write_table
from agelens.data_prep.splits.dedup import CropSignature, describe_crop, find_groups, find_photos, resolve_duplicates
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.contact_sheets.sheet import distinct_parts, draw_contact_sheet
from agelens.pipeline.progress import progress_bar, say

LARGEST = 10
"""Photos that are drawn, so that a wrong threshold is seen."""

FILES = 8
"""Files that are drawn of each."""


def run(params: Params, paths: Paths) -> None:
    """Name photo and group of every face, and keep one row per photo."""
    faces = read_table(paths.faces, FACES)
    section = params.deduplicate
    photo = find_photos(
        _describe(faces, paths),
        faces["image_id"].tolist(),
        max_bits=section.max_bits,
        min_correlation=section.min_correlation,
    )
    table = faces.assign(photo=photo, group=find_groups(photo, faces["subject"]))
    _draw_largest(table, paths)
    kept, rejected = resolve_duplicates(table, max_age_gap=section.max_age_gap, max_photo_files=section.max_photo_files)
    write_table(paths.grouped, kept, GROUPED)
    write_table(paths.grouped_rejected, rejected, REJECTED)
    say(f"{len(kept)} photos kept, " + ", ".join(f"{n} {r}" for r, n in rejected["reason"].value_counts().items()))


def _describe(faces: pd.DataFrame, paths: Paths) -> list[CropSignature]:
    signatures = []
    with progress_bar("comparing crops", total=len(faces)) as advance, ThreadPoolExecutor(2) as pool:
        for signature in pool.map(lambda name: describe_crop(read_rgb(paths.crops / name)), faces["crop"]):
            signatures.append(signature)
            advance(1)
    return signatures


def _draw_largest(table: pd.DataFrame, paths: Paths) -> None:
    """Draw the ten photos with the most files, one after the other, before they are judged."""
    sizes = table["photo"].value_counts()
    names = sorted(sizes[sizes > 1].index, key=lambda name: (-sizes[name], name))[:LARGEST]
    drawn = pd.concat([table[table["photo"] == name].head(FILES) for name in names]) if names else table.head(1)
    numbers = [names.index(photo) + 1 if names else 0 for photo in drawn["photo"]]
    places = distinct_parts(drawn["image_id"].tolist())
    sheet = draw_contact_sheet(
        [read_rgb(paths.crops / name) for name in drawn["crop"]],
        [
            f"{number} · age {age:g}\n{place}" if number else "no photo twice"
            for number, age, place in zip(numbers, drawn["age"], places, strict=True)
        ],
        groups=numbers,
    )
    write_png(paths.duplicates_report / "largest.png", sheet)
