"""A project of eight faces of two sources, with the tables of all stages up to `rebalance`, for the stage `eda`."""

import numpy as np

from agelens.data_prep.core.images import write_jpeg
from agelens.data_prep.core.tables import (
    FACES,
    GROUPED,
    LANDMARKS,
    MANIFEST,
    REJECTED,
    SPLIT,
    TRAIN,
    make_table,
    write_table,
)
from agelens.data_prep.splits.dedup import resolve_duplicates
from agelens.data_prep.splits.rebalance import rebalance_table
from agelens.pipeline.config.paths import Paths
from tests.factories import FIVE_GROUPS, grouped_table

AGES = [2.0, 5.0, 20.0, 21.0, 22.0, 23.0, (25.0, 32.0), 60.0]
SOURCES = {"synthetic": {"path": "drawn"}, "mine": {"path": "mine.csv", "reader": "table", "age_origin": "apparent"}}
SIZE = 96


def write_rows(paths: Paths) -> None:
    """Write the tables and crops: the second photograph of `mine` has no face, and one file is a copy of another."""
    faces = grouped_table(8, ages=AGES, sources=["synthetic", "mine"])
    faces["gender"] = ["female", None] * 4
    faces[["x2", "score", "sharpness"]] += np.arange(8)[:, None] * [10.0, -0.1, 100.0]
    faces.loc[4, ["photo", "group"]] = faces.loc[2, "photo"]
    kept, copies = resolve_duplicates(faces, max_age_gap=2)
    lost = {"image_id": "mine/lost.jpg", "source": "mine", "path": "lost.jpg", "reason": "no_face"}
    unread = {"image_id": "synthetic/x", "source": "synthetic", "path": "x", "reason": "bad_age"}
    labelled = make_table([{**faces.loc[1].to_dict(), **lost}], MANIFEST)
    write_table(
        paths.manifest, make_table([*faces.to_dict("records"), *labelled.to_dict("records")], MANIFEST), MANIFEST
    )
    write_table(paths.manifest_rejected, make_table([unread], REJECTED), REJECTED)
    write_table(paths.faces, faces[FACES.names], FACES)
    write_table(paths.faces_rejected, make_table([lost], REJECTED), REJECTED)
    write_table(paths.landmarks, faces[LANDMARKS.names], LANDMARKS)
    write_table(paths.grouped, kept, GROUPED)
    write_table(paths.grouped_rejected, copies, REJECTED)
    rows = kept.assign(age_group=FIVE_GROUPS.of_intervals(kept["age_low"], kept["age_high"]))[SPLIT.names]
    for path, part in ((paths.split_train, rows[:5]), (paths.split_val, rows[5:6]), (paths.split_test, rows[6:])):
        write_table(path, part, SPLIT)
    balanced, cut = rebalance_table(rows[:5], min_count=2, copies=3, max_count=2)
    write_table(paths.train, balanced, TRAIN)
    write_table(paths.train_rejected, cut, REJECTED)
    noise = np.random.default_rng(0).integers(0, 256, (8, SIZE, SIZE, 3), dtype=np.uint8)
    for index, (name, crop) in enumerate(zip(faces["crop"], noise, strict=True), start=1):
        write_jpeg(paths.crops / name, crop // index)
