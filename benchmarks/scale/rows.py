"""Time and memory of the steps that work on whole tables, for growing numbers of made rows, without photographs.

    python -m benchmarks.scale.rows [--rows 10000 100000 1000000] [--record]

Each number of rows is measured in a process of its own, in which memory is the highest resident memory so far, after
each step. Seconds are of the clock and of the processor, which other work on the machine hardly changes. Signatures of
crops and of aligned faces are made instead of computed from photographs, and are no step.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.core.records import Record
from agelens.data_prep.core.tables import GROUPED, POINT_COLUMNS, PREDICTIONS, read_table, write_table
from agelens.data_prep.sources.manifest import combine_manifests, make_manifest
from agelens.data_prep.splits.crop_signature import SIDE, CropSignature
from agelens.data_prep.splits.dedup import find_groups, find_photos, resolve_duplicates
from agelens.data_prep.splits.rebalance import rebalance_table
from agelens.data_prep.splits.signatures import AlignedFaces, Signatures, SignatureWriter
from agelens.data_prep.splits.split import check_disjoint, split_table
from agelens.models.evaluation.fairness import standardised_errors
from agelens.models.evaluation.slices import by_slice
from agelens.models.evaluation.thresholds import threshold_errors
from benchmarks.evidence import add_record_option, write_result
from benchmarks.scale.describing import described_per_second

GROUPS = AgeGroups((0, 13, 26, 43, 61))
FRACTIONS = {"train": 0.8, "val": 0.1, "test": 0.1}
COPY_EVERY = 50
"""Every fiftieth row is a copy of the row before it, with other pixels."""

BLOCK = 10_000
"""Number of rows whose grey images are made at a time; a multiple of `COPY_EVERY`."""

MEAN = 0.35
"""Size of the mean image in standard deviations of each frequency."""

SHARED, FACTORS = 0.6, 8
"""Share of the variance of frequencies that they have in common, through this number of random factors."""

FACE = {"x1": 10.0, "y1": 20.0, "x2": 110.0, "y2": 140.0, "score": 0.9, "found": "detector", "faces": 1}
IMAGE = {"width": 200, "height": 200, "sharpness": 120.0, "points_error": 0.1, "framing": "box"}


def main() -> None:
    """Measure and write the result, after each number of rows, so that an interruption keeps the earlier ones."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    add_record_option(parser)
    asked, started = parser.parse_args(), time.perf_counter()
    content: dict[str, Any] = {"described_per_second": described_per_second(), "steps": []}
    for rows in asked.rows:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            steps = pool.submit(measure, rows).result()
        print(pd.DataFrame(steps).to_string(index=False), flush=True)
        content["steps"] += steps
        write_result("scale_rows", content, seconds=time.perf_counter() - started, record=asked.record)


def measure(rows: int) -> list[dict[str, Any]]:
    """Return seconds, processor time and highest memory of each step, and the number of rows that it returns."""
    steps: list[dict[str, Any]] = []

    @contextmanager
    def timed(step: str) -> Iterator[dict[str, Any]]:
        found, started, worked = {"rows": rows, "step": step}, time.perf_counter(), time.process_time()
        yield found
        found["seconds"] = round(time.perf_counter() - started, 2)
        found["cpu_seconds"] = round(time.process_time() - worked, 2)
        found["megabytes"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        steps.append(found)

    with timed("manifest") as found:
        manifest = combine_manifests([make_manifest(make_records(rows), source="made")[0]])
        found["returned"] = len(manifest)
    crops = make_signatures(rows)
    faces = AlignedFaces(np.arange(rows), make_signatures(rows, seed=3), make_signatures(rows, seed=4))
    with timed("duplicates") as found:
        photo = find_photos(crops, manifest["image_id"].tolist(), faces=faces)
        found["returned"] = len(np.unique(photo))
    del crops, faces
    with timed("groups") as found:
        table = as_faces(manifest).assign(photo=photo, group=find_groups(photo, manifest["subject"]))
        kept, _ = resolve_duplicates(table[GROUPED.names])
        found["returned"] = len(kept)
    with timed("table to disk and back") as found, tempfile.TemporaryDirectory() as folder:
        write_table(Path(folder) / "grouped.csv", kept, GROUPED)
        kept = read_table(Path(folder) / "grouped.csv", GROUPED)
        found["returned"] = len(kept)
    with timed("split") as found:
        splits = split_table(kept, fractions=FRACTIONS, groups=GROUPS, seed=7)
        check_disjoint(splits)
        found["returned"] = sum(len(part) for part in splits.values())
    with timed("rebalance") as found:
        found["returned"] = len(rebalance_table(splits["train"], weights="inverse", seed=7)[0])
    predictions = make_predictions(splits["test"])
    with timed("metrics") as found:
        found["returned"] = len(by_slice(predictions, seed=7))
        threshold_errors(predictions, seed=7)
        standardised_errors(predictions, seed=7)
    return steps


def make_records(rows: int) -> Iterator[Record]:
    """Yield labelled photographs of people with four photographs each."""
    ages = np.random.default_rng(1).integers(0, 91, size=-(-rows // 4))
    for row in range(rows):
        age, name = float(ages[row // 4]), f"{row // 1000:05d}/{row:08d}.jpg"
        attributes = {"gender": "male" if row // 4 % 2 else "female"}
        yield Record(f"data/raw/made/{name}", name, age, age, attributes=attributes, subject=f"{row // 4}")


def original_of(rows: int) -> npt.NDArray[np.int64]:
    """Return for each row the row of which it is a copy, or itself."""
    row = np.arange(rows)
    return np.where(row % COPY_EVERY == COPY_EVERY - 1, row - 1, row)


def make_signatures(rows: int, *, seed: int = 2) -> Signatures:
    """Return signatures whose grey images are a mean image and random low frequencies, the lowest with most variance.

    Copies are a little different in all frequencies. `MEAN` and `SHARED` make hashes as unevenly distributed as those
    of real faces, of which 2 in 10,000 pairs differ in at most 10 bits and 3 to 4 in 100 are in near buckets.
    """
    rng, fixed = np.random.default_rng(seed), np.random.default_rng(0)
    waves = np.cos(np.pi * np.outer(np.arange(8), np.arange(SIDE) + 0.5) / SIDE)
    waves /= np.linalg.norm(waves, axis=1, keepdims=True)
    basis = np.einsum("ax,by->abxy", waves, waves).reshape(64, SIDE * SIDE)[1:].astype(np.float32)
    spread = (1 / (1 + np.add.outer(np.arange(8), np.arange(8)))).ravel()[1:].astype(np.float32)
    middle = MEAN * fixed.standard_normal(63, dtype=np.float32)
    factors = fixed.standard_normal((FACTORS, 63), dtype=np.float32)
    factors *= np.sqrt(SHARED) / np.linalg.norm(factors, axis=0)
    with SignatureWriter() as writer:
        for start in range(0, rows, BLOCK):
            original = original_of(min(BLOCK, rows - start))
            noise = np.sqrt(1 - SHARED) * rng.standard_normal((len(original), 63), dtype=np.float32)
            noise += rng.standard_normal((len(original), FACTORS), dtype=np.float32) @ factors
            copied = original != np.arange(len(original))
            frequencies = spread * (middle + np.where(copied[:, None], noise[original] + 0.01 * noise, noise))
            images = frequencies @ basis
            images *= 1200 / np.linalg.norm(images, axis=1, keepdims=True)
            greys = np.clip(128 + images, 0, 255).astype(np.uint8)
            # The brightness is the highest of the 64 frequencies, so that their median is between others.
            raised = np.insert(frequencies, 0, np.inf, axis=1)
            hashes = np.packbits(raised > np.median(raised, axis=1, keepdims=True), axis=1).view(">u8").ravel().tolist()
            for row, grey in enumerate(greys):
                writer.append(CropSignature(f"{seed}{start + row:039x}", hashes[row], grey))
        return writer.finish()


def as_faces(manifest: pd.DataFrame) -> pd.DataFrame:
    """Return the manifest with the columns of crops and points."""
    points = dict.fromkeys(POINT_COLUMNS, 48.0)
    return manifest.assign(crop=manifest["image_id"], **FACE, **IMAGE, **points)


def make_predictions(test: pd.DataFrame) -> pd.DataFrame:
    """Return predictions whose errors have a standard deviation of five years."""
    age = (test["age"] + np.random.default_rng(3).normal(0, 5, len(test))).clip(0, 100)
    labels = {f"true_{name}": test[name] for name in ("age", "age_low", "age_high", "age_group")}
    predicted = {"age": age, "raw_age": age, "age_low": age - 8, "age_high": age + 8}
    groups = {"age_group": GROUPS.of_intervals(age.to_numpy(), age.to_numpy()), "age_group_probability": 0.8}
    table = test.assign(**labels).assign(**predicted, **groups).reindex(columns=PREDICTIONS.names)
    return table.astype({name: "str" for name in PREDICTIONS.names if name.startswith("predicted_")})


if __name__ == "__main__":
    main()
