"""Deduplication: find crops of the same photograph and rows that must not be split, and keep one file per photo.

A `photo` is a set of duplicates: crops with equal pixels, or crops that are similar by both of two measures. One
measure is not enough: the 64-bit hashes of aligned faces are so similar that within 10 bits half of UTKFace would be
linked into one photo. Copies that were turned, cropped or mirrored are found by their aligned faces, where eyes,
nose and mouth were located. A `group` is a set of photos that share people; the split keeps it together.

    photo = find_photos(signatures, table["image_id"], faces=faces)
    group = find_groups(photo, table["subject"])        # over all rows, before any is dropped
    kept, rejected = resolve_duplicates(table.assign(photo=photo, group=group))
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.tables import GROUPED, REJECTED
from agelens.data_prep.splits.near_hashes import Indices
from agelens.data_prep.splits.signatures import AlignedFaces, Signatures
from agelens.data_prep.splits.similar_pairs import Components, link_similar

Names = npt.NDArray[np.str_]


def find_photos(
    signatures: Signatures,
    image_ids: Sequence[str],
    *,
    faces: AlignedFaces | None = None,
    max_bits: int = 10,
    min_correlation: float = 0.97,
) -> Names:
    """Return the name of each crop's photo: the smallest `image_id` among its duplicates.

    Two crops are linked if their pixels are equal, or if their hashes differ in at most `max_bits` of 64 bits and
    their 32 x 32 grey images correlate by at least `min_correlation`; or if this holds for their aligned faces, of
    which one may be mirrored. A photo is a connected component of these links.

    Args:
        signatures: One for each crop.
        image_ids: Their names.
        faces: The aligned faces of the crops whose face is known; None if faces are not compared.
        max_bits: Bits of 64.
        min_correlation: -1 to 1.
    """
    names = np.asarray(image_ids, dtype=str)
    order = np.argsort(names)  # the first crop of a photo is the one with the smallest name
    _, first, content = np.unique(signatures.pixels[order], return_index=True, return_inverse=True)
    known = Components(len(names))
    known.join(np.stack([order[first[content]], order], axis=1))
    # Only one of several crops with equal pixels is compared, so that many copies of a file take no more time.
    compared = order[np.sort(first)]
    link = partial(link_similar, known=known, max_bits=max_bits, min_correlation=min_correlation)
    link(signatures, signatures, rows=compared, items=compared)
    if faces is not None:
        face = np.full(len(names), -1)
        face[faces.rows] = np.arange(len(faces.rows))
        rows = face[compared][face[compared] >= 0]
        for others in (faces.aligned, faces.mirrored):
            link(faces.aligned, others, rows=rows, items=faces.rows[rows])
    smallest = np.full(len(names), len(names))
    np.minimum.at(smallest, known.label[order], np.arange(len(names)))
    photo: Names = names[order][smallest[known.label]]
    return photo


def _smallest_linked(links: Indices, *, count: int) -> Indices:
    """Return for each of `count` items the smallest item of its connected component; `links` is `(L, 2)`."""
    smallest = np.arange(count)
    while True:
        low = smallest[links].min(axis=1)
        nearer = smallest.copy()
        np.minimum.at(nearer, links[:, 0], low)
        np.minimum.at(nearer, links[:, 1], low)
        nearer = nearer[nearer]  # pointer jumping halves the length of chains in each step
        if np.array_equal(nearer, smallest):
            return smallest
        smallest = nearer


def find_groups(photo: npt.ArrayLike, subject: "pd.Series[str]") -> Names:
    """Return the name of each row's group: the smallest name among the photos of the group.

    Rows are linked by the same photo or the same subject, also indirectly through other rows. A missing subject links
    no rows. Call it with all rows, because a duplicate that is dropped later can link two subjects.
    """
    names, photos = np.unique(np.asarray(photo, dtype=str), return_inverse=True)
    people = pd.factorize(subject)[0]
    known = people >= 0
    # The numbers of people follow those of photos, so that the smallest item of a group is always a photo.
    links = np.stack([photos, len(names) + people], axis=1)[known]
    smallest = _smallest_linked(links, count=len(names) + len(np.unique(people[known])))
    return names[smallest[photos]]


def check_photos(photo: npt.ArrayLike, *, max_photo_files: int = 20) -> None:
    """Raise `DataError` if a photo has more files than plausible, which means that a threshold is too loose."""
    names, files = np.unique(np.asarray(photo, dtype=str), return_counts=True)
    if files.max(initial=0) > max_photo_files:
        msg = (
            f"A photo must have at most {max_photo_files} files. Received: {files.max()} duplicates of "
            f"{names[files.argmax()]}. Look at them; if they differ, lower max_bits or raise min_correlation."
        )
        raise DataError(msg)


def resolve_duplicates(
    table: pd.DataFrame, *, max_age_gap: float = 2.0, max_photo_files: int = 20
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows that are kept, one per photo, and the rejected ones.

    Photos whose labels differ by more than `max_age_gap` years (for intervals: the years between them) are rejected
    with the reason `label_conflict`. Of other photos, the smallest `image_id` is kept, with the median of the exact
    labels, or of the age intervals if none is exact. The other files are rejected as `duplicate`.

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
    is_kept = ~conflict & (table["image_id"] == first)
    reason = np.where(conflict, "label_conflict", "duplicate")
    conflict_detail = "labels from " + lowest.astype(str) + " to " + highest.astype(str) + " years on photo "
    detail = (conflict_detail + table["photo"]).where(conflict, "duplicate_of:" + first)
    rejected = table.assign(reason=reason, detail=detail).loc[~is_kept, REJECTED.names]
    kept = _with_joint_labels(table[is_kept], table[~conflict])
    return kept.reset_index(drop=True), rejected.reset_index(drop=True)


def _with_joint_labels(kept: pd.DataFrame, consistent: pd.DataFrame) -> pd.DataFrame:
    """Return `kept` with the median label of each photo, of exact labels if there are any."""
    exact = consistent["age_low"] == consistent["age_high"]
    best = consistent[exact | ~exact.groupby(consistent["photo"]).transform("any")].sort_values("image_id")
    photos = best.groupby("photo")
    label = photos[["age_low", "age_high", "age"]].median().join(photos[["age_kind", "age_clipped"]].first())
    label["age"] = (label["age_low"] + label["age_high"]) / 2
    return kept.drop(columns=label.columns).join(label, on="photo")[GROUPED.names]
