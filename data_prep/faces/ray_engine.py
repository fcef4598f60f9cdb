"""The crop stage on a Ray cluster: the same function in actors, each with its own detectors."""

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agelens.data_prep.faces.crop_manifest import BATCH_IMAGES, write_crop
from agelens.data_prep.faces.cropper import CropPlan, FaceCropper, Outcome, Row
from agelens.data_prep.sources.ray_cluster import connect_to_ray, path_for_all

ACTOR_COLUMNS = ("image_id", "source", "path")
"""Columns of the manifest that an actor needs."""


def run_ray(rows: list[Row], plan: CropPlan, *, folder: Path) -> Iterator[list[Outcome]]:
    """Crop in actors of the Ray cluster at `RAY_ADDRESS`, or of one on this machine.

    The actors read the images, so their paths must be valid on all machines: in a shared folder, or an address such as
    `s3://bucket/photo.jpg`. This process receives the crops and writes them, batch by batch as they are finished.

    Raises:
        DataError: Ray is not installed.
    """
    ray = connect_to_ray(wanted_by="crop_faces.engine: ray")
    workers = max(1, int(ray.cluster_resources().get("CPU", 1)))
    items = [{name: row[name] for name in ACTOR_COLUMNS} | {"path": path_for_all(row["path"])} for row in rows]
    batches = ray.data.from_items(items, override_num_blocks=min(len(items), 4 * workers)).map_batches(
        _Actor,
        fn_constructor_args=(plan,),
        batch_size=BATCH_IMAGES,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=workers),
    )
    for batch in batches.iter_batches(batch_size=BATCH_IMAGES, batch_format="numpy"):
        outcomes: list[Outcome] = [pickle.loads(packed) for packed in batch["outcome"]]
        for outcome in outcomes:
            write_crop(outcome, folder=folder)
        yield outcomes


class _Actor:
    """Runs in a worker process of Ray; opens its detectors once."""

    def __init__(self, plan: CropPlan) -> None:
        self._cropper = FaceCropper(plan)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        rows = [
            {name: str(value) for name, value in zip(ACTOR_COLUMNS, values, strict=True)}
            for values in zip(*(batch[name] for name in ACTOR_COLUMNS), strict=True)
        ]
        return {"outcome": [pickle.dumps(outcome) for outcome in self._cropper.crop(rows)]}
