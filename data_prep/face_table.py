"""From a manifest to a folder of crops and a table of faces: decoding, detection and writing, chunk by chunk.

Decoding and writing run in threads (Pillow and OpenCV leave the interpreter's lock while they work), the detector
runs its own. Finished images are kept in a journal, so that a killed run goes on where it was. An entry of the journal
holds the `file` as it was (size and time) and either its `face` or why it was `rejected`. What a source wants where no
face is found is no part of the fingerprint: entries that were made under another wish are done again, and no others.
"""

import hashlib
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from data_prep.crop import CropShape, Face, NoFace, cut_largest_face, sharpness
from data_prep.detect import Detections, Detector
from data_prep.errors import DataError, ImageError
from data_prep.images import Pixels, read_rgb, write_jpeg
from data_prep.journal import Journal
from data_prep.tables import FACES, REJECTED, make_table

CHUNK_IMAGES = 64
"""Images that the detector gets at a time."""

CHUNK_PIXELS = 100_000_000
"""A chunk ends early where its images reach this size (0.3 GB), so that big photographs do not fill the memory."""

Row = dict[str, Any]


@dataclass(frozen=True)
class _Photo:
    """An image of the manifest and what reading it gave; `file` is its state before it was read."""

    row: Row
    file: list[int]
    image: Pixels


@dataclass(frozen=True)
class _Result:
    """A finished image and its entry in the journal."""

    image_id: str
    entry: Row


@dataclass(frozen=True)
class _Cutter:
    """Where crops go and what they look like; see `crop_manifest`."""

    folder: Path
    shape: CropShape
    no_face: dict[str, NoFace]

    def cut(self, photo: _Photo, faces: Detections) -> _Result:
        """Cut the largest face out of a photo and write it."""
        source, image_id = photo.row["source"], photo.row["image_id"]
        try:
            face = cut_largest_face(photo.image, faces, self.shape, no_face=self.no_face[source])
        except ImageError as error:
            return _rejection(photo.row, photo.file, error)
        name = crop_name(image_id, source=source)
        write_jpeg(self.folder / name, face.crop)
        row = _face_row(face, photo.image, name=name, faces=len(faces))
        return _Result(image_id, {"file": photo.file, "face": row})


OWN_FILE = re.compile(r"[0-9a-f]{20}\.jpg|\.writing-.*\.jpg")
"""Names that this module gives to files; nothing else is ever removed."""


def crop_name(image_id: str, *, source: str) -> str:
    """Return the crop's file, relative to the folder of crops; a hash, because names may hold anything."""
    digest = hashlib.sha256(image_id.encode("utf-8", "surrogateescape")).hexdigest()[:20]
    return f"{source}/{digest[:2]}/{digest}.jpg"


def crop_manifest(
    manifest: pd.DataFrame,
    detector: Detector,
    *,
    folder: Path,
    shape: CropShape,
    no_face: dict[str, NoFace],
    fingerprint: str,
    threads: int = 4,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Crop the largest face of every image.

    Args:
        manifest: A manifest table.
        detector: Finds the faces.
        folder: Where the crops go, and the journal of what is done.
        shape: Size, margin and proportions of a crop.
        no_face: For each source, what to do where no face is found.
        fingerprint: Names the detector and every setting that the results depend on but `no_face`.
        threads: Threads that decode, cut and write.
        progress: Called with the number of images that were finished.

    Returns:
        The faces table and the rejected table, each in the manifest's order.

    Raises:
        DataError: `no_face` lacks a source of the manifest.
    """
    _check_sources(manifest, no_face)
    rows: dict[str, Row] = {
        str(row["image_id"]): {str(name): value for name, value in row.items()} for row in manifest.to_dict("records")
    }
    cutter = _Cutter(folder, shape, no_face)
    with Journal(folder / "journal.jsonl", fingerprint=fingerprint) as journal, ThreadPoolExecutor(threads) as pool:
        todo = [row for key, row in rows.items() if not _is_done(journal.done.get(key), row, cutter)]
        progress(len(rows) - len(todo))
        for chunk in _chunks(_read_ahead(todo, pool, ahead=2 * threads)):
            results = _crop_chunk(chunk, detector, pool, cutter=cutter)
            journal.append((result.image_id, result.entry) for result in results)
            progress(len(chunk))
        journal.keep(rows)
        done = {key: journal.done[key] for key in rows}
    _remove_strays(folder, kept={entry["face"]["crop"] for entry in done.values() if "face" in entry})
    faces = [rows[key] | entry["face"] for key, entry in done.items() if "face" in entry]
    rejected = [rows[key] | entry["rejected"] for key, entry in done.items() if "rejected" in entry]
    return make_table(faces, FACES), make_table(rejected, REJECTED)


def _remove_strays(folder: Path, *, kept: set[str]) -> None:
    """Remove crops of images that are no longer in the manifest, and what a kill left half written."""
    for path in folder.glob(".writing-*.jsonl"):
        path.unlink()
    for path in folder.glob("*/??/*.jpg"):
        ours = OWN_FILE.fullmatch(path.name) is not None
        if ours and path.relative_to(folder).as_posix() not in kept:
            path.unlink()


def _check_sources(manifest: pd.DataFrame, no_face: dict[str, NoFace]) -> None:
    if unknown := sorted(set(manifest["source"]) - no_face.keys()):
        msg = (
            f"Every source of the manifest must be one of params.yaml: {', '.join(sorted(no_face))}. "
            f"Received also: {', '.join(unknown)}. Run the stage build_manifest again."
        )
        raise DataError(msg)


def _is_done(entry: Row | None, row: Row, cutter: _Cutter) -> bool:
    """Return whether an image was finished, is still the same file, and its result is still there and wanted.

    A file that could not be opened (a permission, a disk, a network) is always tried again: it shows no change.
    """
    if entry is None or entry["file"] != _file_state(row):
        return False
    no_face = cutter.no_face[row["source"]]
    if "rejected" in entry:
        reason = entry["rejected"]["reason"]
        return reason != "unreadable" and not (reason == "no_face" and no_face == "whole_image")
    unwanted = entry["face"]["found"] == "whole_image" and no_face == "drop"
    return not unwanted and (cutter.folder / entry["face"]["crop"]).is_file()


def _file_state(row: Row) -> list[int]:
    try:
        state = Path(row["path"]).stat()
    except (OSError, ValueError):
        return []
    return [state.st_size, state.st_mtime_ns]


def _read_ahead(rows: list[Row], pool: ThreadPoolExecutor, *, ahead: int) -> Iterator[_Photo | _Result]:
    """Read images in their order, at most `ahead` before they are asked for."""
    reading: deque[Future[_Photo | _Result]] = deque()
    for row in rows:
        reading.append(pool.submit(_read_photo, row))
        if len(reading) > ahead:
            yield reading.popleft().result()
    while reading:
        yield reading.popleft().result()


def _read_photo(row: Row) -> _Photo | _Result:
    file = _file_state(row)  # before reading: a file that changes meanwhile is done again by the next run
    try:
        return _Photo(row, file, read_rgb(Path(row["path"])))
    except ImageError as error:
        return _rejection(row, file, error)


def _chunks(items: Iterable[_Photo | _Result]) -> Iterator[list[_Photo | _Result]]:
    """Deal items into chunks of at most `CHUNK_IMAGES`, that end where they reach `CHUNK_PIXELS`."""
    chunk: list[_Photo | _Result] = []
    pixels = 0
    for item in items:
        chunk.append(item)
        pixels += item.image.size // 3 if isinstance(item, _Photo) else 0
        if len(chunk) == CHUNK_IMAGES or pixels >= CHUNK_PIXELS:
            yield chunk
            chunk, pixels = [], 0
    if chunk:
        yield chunk


def _crop_chunk(
    chunk: list[_Photo | _Result], detector: Detector, pool: ThreadPoolExecutor, *, cutter: _Cutter
) -> list[_Result]:
    photos = [item for item in chunk if isinstance(item, _Photo)]
    unreadable = [item for item in chunk if isinstance(item, _Result)]
    found = detector.detect([photo.image for photo in photos]) if photos else []
    pairs = zip(photos, found, strict=True)
    return unreadable + list(pool.map(lambda pair: cutter.cut(*pair), pairs))


def _rejection(row: Row, file: list[int], error: ImageError) -> _Result:
    return _Result(row["image_id"], {"file": file, "rejected": {"reason": error.reason, "detail": error.detail}})


def _face_row(face: Face, image: Pixels, *, name: str, faces: int) -> Row:
    x1, y1, x2, y2 = (float(value) for value in face.box)
    height, width = image.shape[:2]
    return {
        "crop": name,
        "x1": x1,
        "y1": y1,
        "x2": x2,
        "y2": y2,
        "score": face.score,
        "found": face.found,
        "faces": faces,
        "width": width,
        "height": height,
        "sharpness": round(sharpness(face.crop), 2),
    }
