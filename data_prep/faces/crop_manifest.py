"""From a manifest to a folder of crops and a table of faces.

Batches of images are processed in threads, each of which reads, detects, cuts and writes, so that these steps overlap.
Finished images are recorded in a journal, from which an interrupted run resumes. An entry contains what was found
before any limit is applied: limits apply when the tables are made, so that a changed limit repeats no image. After a
change of a source's `image_size` or `no_face`, only the images that it affects are processed again.
"""

import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pandas as pd

from agelens.data_prep.core.atomic import write_bytes
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.hashing import file_hash
from agelens.data_prep.core.tables import FACES, REJECTED, make_table
from agelens.data_prep.faces.cropper import CropPlan, FaceCropper, Outcome, Row, SourceRule
from agelens.data_prep.faces.journal import Journal
from agelens.data_prep.sources.remote import file_state

BATCH_IMAGES = 32
"""Images in a thread's batch: enough to use all cores in detection, and a multiple of the batch on a GPU."""

OWN_FILE = re.compile(r"[0-9a-f]{20}\.jpg|\.writing-.*\.jpg")
"""Names of files that this module writes; no other file is ever removed."""


@dataclass(frozen=True)
class FaceLimits:
    """Limits that a face must meet to be kept; the defaults keep all faces.

    Args:
        min_side: Minimum of the shorter side of its box, in pixels.
        min_sharpness: Minimum of the variance of the Laplacian of its crop.
        max_faces: Maximum number of faces in its image; 0 for no limit.
    """

    min_side: float = 0.0
    min_sharpness: float = 0.0
    max_faces: int = 0

    def violation(self, face: Row) -> Row | None:
        """Return `reason` and `detail` of the first limit that a row of the faces table violates, or None."""
        side = min(face["x2"] - face["x1"], face["y2"] - face["y1"])
        if side < self.min_side:
            return {"reason": "too_small", "detail": f"{side:.1f} px; min_side is {self.min_side:g}"}
        if face["sharpness"] < self.min_sharpness:
            return {"reason": "blurred", "detail": f"{face['sharpness']:g}; min_sharpness is {self.min_sharpness:g}"}
        if 0 < self.max_faces < face["faces"]:
            return {"reason": "too_many_faces", "detail": f"{face['faces']}; max_faces is {self.max_faces}"}
        return None


class Engine(Protocol):
    """Crops images: in threads of this machine (`run_threads`), or in actors of a cluster."""

    def __call__(self, rows: list[Row], plan: CropPlan, *, folder: Path) -> Iterator[list[Outcome]]:
        """Yield outcomes batch by batch, each after its crops are written to `folder`."""
        ...


def crop_manifest(
    manifest: pd.DataFrame,
    plan: CropPlan,
    *,
    folder: Path,
    journal: Path,
    fingerprint: str,
    limits: FaceLimits | None = None,
    engine: Engine | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Crop the largest face of every image.

    Args:
        manifest: A manifest table.
        plan: Detectors, shape of a crop, and the rules of each source.
        folder: Folder of the crops.
        journal: File of the journal. It contains times of files, so it is not in the folder of the results.
        fingerprint: Identifies the detector and all settings that the results depend on, except rules and limits.
        limits: Limits that a face must meet; None keeps all. The crop of a rejected face stays in the folder.
        engine: Crops the images; by default, threads of this machine.
        progress: Called with the number of newly finished images.

    Returns:
        The faces table and the rejected table, each in the manifest's order.

    Raises:
        DataError: The plan lacks a source of the manifest.
    """
    _check_sources(manifest, plan.rules)
    rows: dict[str, Row] = {
        str(row["image_id"]): {str(name): value for name, value in row.items()} for row in manifest.to_dict("records")
    }
    with Journal(journal, fingerprint=fingerprint) as record:
        todo = _unfinished(rows, record.done, plan.rules, folder)
        progress(len(rows) - len(todo))
        needed = {source: plan.rules[source] for source in {row["source"] for row in todo}}
        reduced = CropPlan(plan.open_detector, plan.shape, needed)
        for outcomes in (engine or run_threads)(todo, reduced, folder=folder) if todo else ():
            record.append((outcome.image_id, outcome.entry) for outcome in outcomes)
            progress(len(outcomes))
        record.keep(rows)
        done = {key: record.done[key] for key in rows}
    for path in (*folder.glob("*.jsonl"), *journal.parent.glob(".writing-*.jsonl")):
        path.unlink()  # the journal of earlier versions, and what an interrupted run left
    _remove_obsolete_files(folder, kept={entry["face"]["crop"] for entry in done.values() if "face" in entry})
    return _make_tables(rows, done, limits or FaceLimits())


def run_threads(
    rows: list[Row], plan: CropPlan, *, folder: Path, threads: int | None = None
) -> Iterator[list[Outcome]]:
    """Crop in threads; Pillow, OpenCV and the detector release the interpreter's lock while they work.

    Args:
        rows: Images of the manifest.
        plan: Detectors, shape of a crop, and the rules of each source.
        folder: Folder of the crops.
        threads: Number of threads; by default one more than there are cores, so that detection never waits for reading.
    """
    cropper = FaceCropper(plan)

    def crop(batch: list[Row]) -> list[Outcome]:
        outcomes = cropper.crop(batch)
        for outcome in outcomes:
            write_crop(outcome, folder=folder)
        return outcomes

    threads = threads or (os.cpu_count() or 1) + 1
    with ThreadPoolExecutor(threads) as pool:
        running: deque[Future[list[Outcome]]] = deque()
        try:
            for batch in split_into_batches(rows, BATCH_IMAGES):
                running.append(pool.submit(crop, batch))
                if len(running) > 2 * threads:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            for future in running:
                future.cancel()


def split_into_batches(rows: list[Row], size: int) -> Iterable[list[Row]]:
    """Yield the rows in batches, in their order."""
    return (rows[start : start + size] for start in range(0, len(rows), size))


def write_crop(outcome: Outcome, *, folder: Path) -> None:
    """Write the crop of an outcome, if there is one."""
    if outcome.crop is not None:
        write_bytes(folder / outcome.entry["face"]["crop"], outcome.crop)


def _make_tables(rows: dict[str, Row], done: dict[str, Row], limits: FaceLimits) -> tuple[pd.DataFrame, pd.DataFrame]:
    faces: list[dict[str, object]] = []
    rejected: list[dict[str, object]] = []
    for key, entry in done.items():
        violation = limits.violation(entry["face"]) if "face" in entry else entry["rejected"]
        if violation is None:
            faces.append(rows[key] | entry["face"])
        else:
            rejected.append(rows[key] | violation)
    return make_table(faces, FACES), make_table(rejected, REJECTED)


def _remove_obsolete_files(folder: Path, *, kept: set[str]) -> None:
    """Remove crops of images that are no longer in the manifest, and temporary files of interrupted runs."""
    for path in folder.glob("*/??/*.jpg"):
        ours = OWN_FILE.fullmatch(path.name) is not None
        if ours and path.relative_to(folder).as_posix() not in kept:
            path.unlink()


def _check_sources(manifest: pd.DataFrame, rules: Mapping[str, SourceRule]) -> None:
    if unknown := sorted(set(manifest["source"]) - rules.keys()):
        msg = (
            f"Every source of the manifest must be one of params.yaml: {', '.join(sorted(rules))}. "
            f"Received also: {', '.join(unknown)}. Run the stage build_manifest again."
        )
        raise DataError(msg)


def _unfinished(
    rows: dict[str, Row], done: Mapping[str, Row], rules: Mapping[str, SourceRule], folder: Path
) -> list[Row]:
    """Return the images that are not finished; crops are read in threads, because a changed one is cut again."""

    def is_done(key: str) -> bool:
        return _is_done(done.get(key), rows[key], rules, folder)

    with ThreadPoolExecutor() as pool:
        finished = pool.map(is_done, rows, chunksize=BATCH_IMAGES)
        return [row for row, is_finished in zip(rows.values(), finished, strict=True) if not is_finished]


def _is_done(entry: Row | None, row: Row, rules: Mapping[str, SourceRule], folder: Path) -> bool:
    """Return whether an image is finished: its file, its rule and the bytes of its crop are unchanged since.

    A file that could not be opened (permission, disk or network) is always tried again, since it shows no change.
    """
    rule = rules[row["source"]]
    if entry is None or entry["file"] != file_state(row["path"]) or entry["image_size"] != rule.image_size:
        return False
    if "rejected" in entry:
        reason = entry["rejected"]["reason"]
        return reason != "unreadable" and not (reason == "no_face" and rule.no_face == "whole_image")
    unwanted = entry["face"]["found"] == "whole_image" and rule.no_face == "drop"
    return not unwanted and _hash_of(folder / entry["face"]["crop"]) == entry.get("crop_hash")


def _hash_of(path: Path) -> str:
    """Return the SHA-256 of a file; an empty text, which is no hash, if it cannot be read."""
    try:
        return file_hash(path)
    except OSError:
        return ""
