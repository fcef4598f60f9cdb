"""Explore the data: what the sources hold, what each stage removed, and what the network is trained on."""

import os

import pandas as pd

from agelens.data_prep.core.atomic import replacing, write_json
from agelens.data_prep.core.images import Pixels, read_rgb
from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.core.tables import FACES, GROUPED, MANIFEST, REJECTED, SPLIT, TRAIN, read_table
from agelens.data_prep.exploration.images import measure_images
from agelens.data_prep.exploration.samples import choose_samples
from agelens.data_prep.exploration.summary import Rules, Tables, make_tables, summarise
from agelens.data_prep.faces.crop import CropShape
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.exploration.page import write_exploration
from agelens.pipeline.progress import progress_bar, say
from agelens.pipeline.tracking.data import log_exploration
from agelens.pipeline.tracking.run import Run
from agelens.pipeline.tracking.runs import tracked_run


def run(params: Params, paths: Paths) -> None:
    """Measure all faces, and write figures and tables."""
    with tracked_run("eda", params=params, paths=paths) as tracked:
        _explore(params, paths, tracked)


def _explore(params: Params, paths: Paths, tracked: Run) -> None:
    tables = _read_tables(paths)
    images = _measure(tables.kept["crop_faces"], params, paths)
    rules = Rules(
        groups=AgeGroups(tuple(params.age_groups)),
        tiny_side=params.eda.tiny_side,
        margin_fraction=params.crop_faces.margin_fraction,
        origins={name: source.origin for name, source in params.sources.items()},
    )
    made = make_tables(tables, images, rules)
    for name, table in made.items():
        with replacing(paths.eda_tables / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n")
    summary = summarise(tables, images, rules)
    write_json(paths.eda_summary, summary)
    samples, crops = _choose_faces(tables.kept["crop_faces"], params, paths)
    write_exploration(
        paths.eda_page,
        summary,
        made,
        margin_fraction=params.crop_faces.margin_fraction,
        samples=samples,
        crops=crops,
    )
    log_exploration(tracked, summary, made)
    say(f"the page is {paths.eda_page}")


def _read_tables(paths: Paths) -> Tables:
    splits = {"train": paths.split_train, "val": paths.split_val, "test": paths.split_test}
    read = {name: read_table(path, SPLIT) for name, path in splits.items()}
    rejected = {
        "build_manifest": paths.manifest_rejected,
        "crop_faces": paths.faces_rejected,
        "deduplicate": paths.grouped_rejected,
        "rebalance": paths.train_rejected,
    }
    return Tables(
        kept={
            "build_manifest": read_table(paths.manifest, MANIFEST),
            "crop_faces": read_table(paths.faces, FACES),
            "deduplicate": read_table(paths.grouped, GROUPED),
            "split": read["train"],
            "rebalance": read_table(paths.train, TRAIN),
        },
        rejected={stage: read_table(path, REJECTED) for stage, path in rejected.items()},
        splits=read,
    )


def _choose_faces(faces: pd.DataFrame, params: Params, paths: Paths) -> tuple[pd.DataFrame | None, dict[str, Pixels]]:
    """Return the sample faces and their crops; none where the page shows no faces."""
    if not params.eda.show_faces:
        return None, {}
    samples = choose_samples(faces, per_band=params.eda.faces_per_band)
    return samples, {row["image_id"]: read_rgb(paths.crops / row["crop"]) for row in samples.to_dict("records")}


def _measure(faces: pd.DataFrame, params: Params, paths: Paths) -> pd.DataFrame:
    shape = CropShape(
        size=params.crop_faces.size,
        margin_fraction=params.crop_faces.margin_fraction,
        square=params.crop_faces.square,
    )
    with progress_bar("measuring faces", total=len(faces)) as advance:
        return measure_images(faces, crops=paths.crops, shape=shape, threads=os.cpu_count() or 2, progress=advance)
