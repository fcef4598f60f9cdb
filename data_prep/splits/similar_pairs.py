"""Links between crops that are similar by two measures: perceptual hash and correlation of small grey images.

Candidates come from the hashes (`near_hashes.py`). Most are other people, so they are filtered twice before their grey
images are read: pairs that are linked already, also through other crops, are left out, so that many copies of one image
give few links; and 16 numbers of each crop show that most others cannot correlate enough.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
import numpy.typing as npt

from agelens.data_prep.splits.crop_signature import SIDE
from agelens.data_prep.splits.near_hashes import Indices, near_pairs
from agelens.data_prep.splits.signatures import Signatures

Matrix = npt.NDArray[np.float32]

BLOCK = 4096
"""Number of grey images that are read at a time (34 MB as numbers)."""

FREQUENCIES = (
    *((0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (1, 2), (2, 1), (2, 2)),
    *((0, 3), (3, 0), (1, 3), (3, 1), (2, 3), (3, 2), (0, 4), (4, 0)),
)
"""Vertical and horizontal frequencies of the 16 numbers."""

ROUNDING = 1e-4
"""How much the distance of two sketches may exceed the distance of their grey images because of float32."""


class Components:
    """Sets of linked items, of which every item has the label.

    Args:
        count: Number of items, each of which is a set at first.
    """

    def __init__(self, count: int) -> None:
        self.label: Indices = np.arange(count)
        self._members: dict[int, list[int]] = {}

    def join(self, pairs: Indices) -> None:
        """Join the sets of both items of each pair `(P, 2)`."""
        for one, other in pairs.tolist():
            small, large = int(self.label[one]), int(self.label[other])
            if small == large:
                continue
            if len(self._members.get(small, ())) > len(self._members.get(large, ())):
                small, large = large, small
            moved = self._members.pop(small, [small])
            self.label[moved] = large
            self._members.setdefault(large, [large]).extend(moved)


class Greys:
    """The grey images of some crops, with what is needed to correlate them.

    Args:
        signatures: Of all crops.
        rows: The crops that are compared; all indices below are places in it.
    """

    def __init__(self, signatures: Signatures, rows: Indices) -> None:
        self.hashes = signatures.hashes[rows]
        self._signatures, self._rows = signatures, rows
        self._mean: Matrix = np.zeros(len(rows), dtype=np.float32)
        self._length: Matrix = np.zeros(len(rows), dtype=np.float32)
        self.sketch: Matrix = np.zeros((len(rows), len(FREQUENCIES)), dtype=np.float32)
        self.content = np.zeros(len(rows), dtype=np.uint64)
        for start in range(0, len(rows), BLOCK):
            self._describe(slice(start, start + BLOCK))
            signatures.release()

    def _read(self, places: Indices | slice) -> npt.NDArray[np.uint8]:
        return self._signatures.greys[self._rows[places]]

    def _describe(self, block: slice) -> None:
        """Compute mean, length, sketch and a hash of the content of one block."""
        greys = self._read(block)
        words = np.ascontiguousarray(greys).view(np.uint64)
        self.content[block] = (words * _odd_numbers(words.shape[1])).sum(axis=1, dtype=np.uint64)
        values = greys.astype(np.float32)
        self._mean[block] = values.mean(axis=1, dtype=np.float64)
        values -= self._mean[block, None]
        # Crops of one colour have the length 0, and stay all 0.
        self._length[block] = np.maximum(np.sqrt(np.einsum("ij,ij->i", values, values)), 1e-9)
        self.sketch[block] = values @ _waves() / self._length[block, None]

    def unit(self, places: Indices) -> Matrix:
        """Return the grey images `(P, 1024)` with mean 0 and length 1; all 0 for a crop of one colour."""
        unit: Matrix = self._read(places) - self._mean[places, None]
        unit /= self._length[places, None]
        return unit

    def distinct(self) -> tuple[Indices, Indices]:
        """Return places without those of equal grey images, and pairs `(P, 2)` of a place and one with an equal image.

        Their hashes are equal, too, so that they are similar to the same others.
        """
        _, first, group = np.unique(self.content, return_index=True, return_inverse=True)
        earlier = first[group]
        repeated = np.flatnonzero(earlier != np.arange(len(earlier)))
        equal = [
            (self._read(block) == self._read(earlier[block])).all(axis=1)
            for block in np.array_split(repeated, len(repeated) // BLOCK + 1)
        ]
        repeated = repeated[np.concatenate(equal) & (self.hashes[repeated] == self.hashes[earlier[repeated]])]
        pairs = np.stack([earlier[repeated], repeated], axis=1)
        return np.setdiff1d(np.arange(len(earlier)), repeated), pairs


def link_similar(
    first: Signatures,
    others: Signatures,
    *,
    rows: Indices,
    items: Indices,
    known: Components,
    max_bits: int,
    min_correlation: float,
) -> None:
    """Join the items of similar signatures: signature `i` and other signature `j`, where `i` is before `j` in `rows`.

    Args:
        first: Signatures.
        others: The same object, or those of the mirror images.
        rows: `(R,)`, the signatures that are compared.
        items: `(R,)`, their items in `known`.
        known: Sets of items that are linked already, to which the new links are added.
        max_bits: Most bits of 64 in which hashes differ.
        min_correlation: Of their grey images, -1 to 1.
    """
    if not len(rows):
        return
    greys = Greys(first, rows)
    other_greys = greys if others is first else Greys(others, rows)
    link = partial(_link, greys, other_greys, items=items, known=known, min_correlation=min_correlation)
    places = np.arange(len(rows))
    if others is first:
        places, equal = greys.distinct()
        link(equal)
    hashes = greys.hashes[places]
    other_hashes = hashes if others is first else other_greys.hashes[places]
    found = near_pairs(hashes, other_hashes, max_bits=max_bits)
    for pairs in _in_blocks(found):
        link(places[pairs])
        first.release()
        others.release()


def _link(
    greys: Greys, others: Greys, pairs: Indices, *, items: Indices, known: Components, min_correlation: float
) -> None:
    """Join the items of the pairs of places whose grey images correlate."""
    pairs = pairs[known.label[items[pairs[:, 0]]] != known.label[items[pairs[:, 1]]]]
    difference = greys.sketch[pairs[:, 0]] - others.sketch[pairs[:, 1]]
    # The squared distance of two vectors of length 1 is 2 - 2 * correlation, and that of their sketches is at most it.
    pairs = pairs[np.einsum("ij,ij->i", difference, difference) <= 2 - 2 * min_correlation + ROUNDING]
    for start in range(0, len(pairs), BLOCK):
        block = pairs[start : start + BLOCK]
        correlation = np.einsum("ij,ij->i", greys.unit(block[:, 0]), others.unit(block[:, 1]))
        known.join(items[block[correlation >= min_correlation]])


def _in_blocks(pairs: Iterator[Indices]) -> Iterator[Indices]:
    """Yield the same pairs in blocks of at least `BLOCK`, except for the last one."""
    waiting: list[Indices] = []
    for some in pairs:
        waiting.append(some)
        if sum(map(len, waiting)) >= BLOCK:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


def _waves() -> Matrix:
    """Return `(1024, 16)`: orthogonal waves of length 1, the lowest frequencies of the DCT-II."""
    angles = np.pi * np.outer(np.arange(8), np.arange(SIDE) + 0.5) / SIDE
    waves = np.cos(angles)
    waves /= np.linalg.norm(waves, axis=1, keepdims=True)
    return np.stack([np.outer(waves[u], waves[v]).ravel() for u, v in FREQUENCIES], axis=1).astype(np.float32)


def _odd_numbers(count: int) -> npt.NDArray[np.uint64]:
    """Return random odd numbers, with which a sum of products modulo 2**64 is a hash."""
    return np.random.default_rng(0).integers(2**63, size=count, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
