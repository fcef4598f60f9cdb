"""Which crops show the same picture, which rows belong together, and which of the copies stays.

A `photo` is one picture: crops of equal pixels, or crops that are alike by two measures at once. Neither measure is
enough alone: aligned faces lie so close in 64-bit hashes that within 10 bits half of UTKFace links up into one photo.
A `group` is a photo and whatever hangs on it through people: the split keeps it in one piece and nothing else uses it.

    photo = find_photos(signatures, table["image_id"])
    group = find_groups(photo, table["subject"])        # over all rows, before any is dropped
    kept, rejected = resolve_duplicates(table.assign(photo=photo, group=group))
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.core.tables import GROUPED, REJECTED

Names = npt.NDArray[np.str_]
Indices = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.float32]

SIDE = 32
"""Crops are compared as grey images of this many pixels a side."""

BLOCK_ROWS = 256
"""Hashes are compared this many against all at a time (51 MB for 25,000 crops)."""

BLOCK_PAIRS = 8192
"""Pairs that the hash lets through are correlated this many at a time (64 MB)."""


@dataclass(frozen=True, eq=False)
class CropSignature:
    """What is kept of a crop to recognise the same picture.

    Args:
        pixels: SHA-1 of the shape and the pixels.
        phash: Perceptual hash, 64 bits.
        grey: `float32 (1024,)`, the crop as 32 x 32 grey of mean 0 and length 1; all 0 where the crop is flat.
    """

    pixels: str
    phash: int
    grey: Matrix


def describe_crop(crop: Pixels) -> CropSignature:
    """Return the signature of one crop `uint8 (S, S, 3)`; well under a millisecond, and made for threads.

    The hash is the DCT hash of phash.org: is each of the 8 x 8 lowest frequencies above their median?
    """
    # Pillow shrinks without holding the interpreter's lock; matrix products would wake BLAS threads in every thread.
    small = Image.fromarray(crop).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    grey = np.asarray(small, dtype=np.float32)
    cosines = _cosines()
    frequencies = cosines @ grey @ cosines.T
    bits = np.packbits(frequencies > np.median(frequencies))
    centred = (grey - grey.mean()).ravel()
    length = np.float32(np.linalg.norm(centred))
    unit = centred / length if length > 0 else centred
    pixels = hashlib.sha1(f"{crop.shape}".encode() + crop.tobytes(), usedforsecurity=False)
    return CropSignature(pixels.hexdigest(), int.from_bytes(bits.tobytes(), "big"), unit)


@lru_cache(maxsize=1)
def _cosines() -> Matrix:
    """Return `(8, 32)`: the lowest eight waves of the DCT-II, without its constant factors."""
    return np.cos(np.pi * np.outer(np.arange(8), np.arange(SIDE) + 0.5) / SIDE).astype(np.float32)


def find_photos(
    signatures: Sequence[CropSignature], image_ids: Sequence[str], *, max_bits: int = 10, min_correlation: float = 0.97
) -> Names:
    """Return for each crop the name of its photo, which is the smallest `image_id` that shows the same picture.

    Two crops are linked if their pixels are equal, or if their hashes differ in at most `max_bits` of 64 bits and
    their 32 x 32 grey images correlate by at least `min_correlation`. A photo is whatever hangs together by links.
    """
    names = np.asarray(image_ids, dtype=str)
    order = np.argsort(names)  # the smallest index is then the smallest name
    ordered = [signatures[index] for index in order]
    _, first, content = np.unique([one.pixels for one in ordered], return_index=True, return_inverse=True)
    # Copies of the same pixels share one place below, so that a file that is there often costs nothing more.
    distinct = np.sort(first)
    pairs = distinct[_alike([ordered[index] for index in distinct], max_bits=max_bits, min_correlation=min_correlation)]
    equal = np.stack([first[content], np.arange(len(names))], axis=1)
    smallest = _smallest_linked(np.concatenate([pairs, equal]), count=len(names))
    photo = np.empty_like(names)
    photo[order] = names[order][smallest]
    return photo


def _alike(signatures: list[CropSignature], *, max_bits: int, min_correlation: float) -> Indices:
    """Return `(P, 2)`: the pairs of crops that are alike by both measures."""
    if not signatures:
        return np.empty((0, 2), dtype=np.int64)
    hashes = np.array([one.phash for one in signatures], dtype=np.uint64)
    greys = np.stack([one.grey for one in signatures])
    found = [np.empty((0, 2), dtype=np.int64)]
    for pairs in _near_pairs(hashes, max_bits=max_bits):
        correlation = np.einsum("ij,ij->i", greys[pairs[:, 0]], greys[pairs[:, 1]])
        found.append(pairs[correlation >= min_correlation])
    return np.concatenate(found)


def _near_pairs(hashes: npt.NDArray[np.uint64], *, max_bits: int) -> Iterator[Indices]:
    """Yield all pairs `i < j` whose hashes differ in at most `max_bits` bits, in blocks `(<= 8192, 2)`."""
    for start in range(0, len(hashes), BLOCK_ROWS):
        rows = hashes[start : start + BLOCK_ROWS]
        bits = np.bitwise_count(rows[:, None] ^ hashes[None, start:])
        i, j = np.nonzero(bits <= max_bits)
        pairs = np.stack([i, j], axis=1)[i < j] + start
        for first in range(0, len(pairs), BLOCK_PAIRS):
            yield pairs[first : first + BLOCK_PAIRS]


def _smallest_linked(links: Indices, *, count: int) -> Indices:
    """Return for each of `count` items the smallest item that hangs together with it by `links` `(L, 2)`."""
    smallest = np.arange(count)
    while True:
        low = smallest[links].min(axis=1)
        nearer = smallest.copy()
        np.minimum.at(nearer, links[:, 0], low)
        np.minimum.at(nearer, links[:, 1], low)
        nearer = nearer[nearer]  # a jump to what the found one has found: chains shrink by half each time
        if np.array_equal(nearer, smallest):
            return smallest
        smallest = nearer


def find_groups(photo: npt.ArrayLike, subject: "pd.Series[str]") -> Names:
    """Return for each row the name of its group, which is the smallest name among its photos.

    Rows hang together by the same photo or the same subject, also through other rows; a missing subject links
    nothing. Call it with every row: a duplicate that is dropped later still tells that two people are one.
    """
    names, photos = np.unique(np.asarray(photo, dtype=str), return_inverse=True)
    people = pd.factorize(subject)[0]
    known = people >= 0
    # People are items behind all photos, so that the smallest item of a group is always a photo.
    links = np.stack([photos, len(names) + people], axis=1)[known]
    smallest = _smallest_linked(links, count=len(names) + len(np.unique(people[known])))
    return names[smallest[photos]]


def check_photos(photo: npt.ArrayLike, *, max_photo_files: int = 20) -> None:
    """Raise `DataError` if one photo has more files than a picture is ever copied: the thresholds must be wrong."""
    names, files = np.unique(np.asarray(photo, dtype=str), return_counts=True)
    if files.max(initial=0) > max_photo_files:
        msg = (
            f"One picture should be found at most {max_photo_files} times. Received: {files.max()} files like "
            f"{names[files.argmax()]}. Look at them; if they differ, ask for fewer bits or more correlation."
        )
        raise DataError(msg)


def resolve_duplicates(
    table: pd.DataFrame, *, max_age_gap: float = 2.0, max_photo_files: int = 20
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows that stay, one per photo, and the rejected ones.

    Photos whose labels lie more than `max_age_gap` years apart (for intervals: the years between them) are rejected
    with the reason `label_conflict`. Of the others the smallest `image_id` stays, with the median of the exact
    labels, or of the intervals where none is exact; the rest is rejected as `duplicate`.

    Args:
        table: Follows GROUPED.
        max_age_gap: Years.
        max_photo_files: See `check_photos`.

    Returns:
        A table that follows GROUPED and one that follows REJECTED, their rows in the order of `table`.

    Raises:
        DataError: A photo has more than `max_photo_files` files.
    """
    check_photos(table["photo"].to_numpy(), max_photo_files=max_photo_files)
    photos = table.groupby("photo")
    lowest, highest = photos["age_high"].transform("min"), photos["age_low"].transform("max")
    conflict = highest - lowest > max_age_gap
    first = photos["image_id"].transform("min")
    stays = ~conflict & (table["image_id"] == first)
    reason = np.where(conflict, "label_conflict", "duplicate")
    conflict_detail = "labels from " + lowest.astype(str) + " to " + highest.astype(str) + " years on photo "
    detail = (conflict_detail + table["photo"]).where(conflict, "duplicate_of:" + first)
    rejected = table.assign(reason=reason, detail=detail).loc[~stays, REJECTED.names]
    kept = _with_joint_labels(table[stays], table[~conflict])
    return kept.reset_index(drop=True), rejected.reset_index(drop=True)


def _with_joint_labels(kept: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    """Return `kept` with the label that all files of each photo give together; exact ones outweigh intervals."""
    exact = judged["age_low"] == judged["age_high"]
    best = judged[exact | ~exact.groupby(judged["photo"]).transform("any")].sort_values("image_id")
    photos = best.groupby("photo")
    label = photos[["age_low", "age_high", "age"]].median().join(photos[["age_kind", "age_clipped"]].first())
    label["age"] = (label["age_low"] + label["age_high"]) / 2
    return kept.drop(columns=label.columns).join(label, on="photo")[GROUPED.names]
