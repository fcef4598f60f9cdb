"""All pairs of similar 64-bit hashes, without comparing each hash with every other one.

A hash has four bands of 16 bits. If two hashes differ in at most `max_bits` bits, at least one of their bands differs
in few: were band b to differ in more than r_b bits for each b, the hashes would differ in at least the sum of all
r_b + 1. So with the radii r_b of `band_radii`, whose sum is `max_bits - 3`, hashes are sorted into buckets by a band
and compared only with the buckets within r_b bits, one band after the other. No pair is missed. (Norouzi, Punjani and
Fleet 2014, "Fast exact search in Hamming space with multi-index hashing"; the smaller sum of the radii is Qin et al.
2018, "GPH: similarity search in Hamming space".)

Hashes of real faces are unevenly distributed, so that near buckets hold about 3 % of all pairs. For few hashes, buckets
take more time than they save, and for `max_bits` above 19 they hold most pairs: then all pairs are compared.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Indices = npt.NDArray[np.int64]

BAND_BITS = 16
"""Bits of each of the four bands."""

SHIFTS = (0, 32, 48, 16)
"""The first bit of each band. The second has the fewest values among faces; it is last, for the smallest radius."""

MAX_RADIUS = 4
"""The largest radius of a band for which buckets are searched: 2517 of 65,536 buckets are near."""

EXHAUSTIVE_ROWS = 65_536
"""Up to this number of hashes, all pairs are compared."""

BLOCK_ROWS = 8192
"""Number of other hashes that are compared at a time."""

BLOCK_PAIRS = 131_072
"""Number of pairs of hashes that are compared at a time: 1 MB, which fits into the cache of a core."""


def near_pairs(hashes: Hashes, others: Hashes, *, max_bits: int) -> Iterator[Indices]:
    """Yield all pairs `i < j` for which hash `i` and other hash `j` differ in at most `max_bits` bits.

    They come in blocks `(<= 131072, 2)`. A pair can come several times.

    Args:
        hashes: `uint64 (N,)`.
        others: `uint64 (N,)`; the same array, to find pairs within it.
        max_bits: 0 to 64.
    """
    radii = band_radii(max_bits)
    if len(hashes) <= EXHAUSTIVE_ROWS or max(radii) > MAX_RADIUS:
        everything = np.arange(len(others))
        for start in range(0, len(hashes), BLOCK_ROWS):
            rows = everything[start : start + BLOCK_ROWS]
            yield from _compare(hashes, others, rows, everything[start:], max_bits=max_bits)
        return
    for shift, radius in zip(SHIFTS, radii, strict=True):
        bands = _band(hashes, shift)
        other_bands = bands if others is hashes else _band(others, shift)
        for rows, columns in _near_buckets(bands, other_bands, radius=radius):
            yield from _compare(hashes, others, rows, columns, max_bits=max_bits)


def band_radii(max_bits: int) -> tuple[int, ...]:
    """Return the radius in bits of each band of `SHIFTS`; -1 for a band that need not be searched.

    Args:
        max_bits: 0 to 64.
    """
    radius, more = divmod(max_bits - len(SHIFTS) + 1, len(SHIFTS))
    return tuple(radius + (band < more) for band in range(len(SHIFTS)))


def _band(hashes: Hashes, shift: int) -> Indices:
    return (hashes >> np.uint64(shift) & np.uint64(2**BAND_BITS - 1)).astype(np.int64)


def _near_buckets(bands: Indices, others: Indices, *, radius: int) -> Iterator[tuple[Indices, Indices]]:
    """Yield the rows of each bucket, and those of `others` in buckets that differ in at most `radius` bits.

    If `others` are the same bands, each two buckets come once.
    """
    masks = np.array(
        [sum(1 << bit for bit in bits) for size in range(radius + 1) for bits in combinations(range(BAND_BITS), size)],
        dtype=np.int64,
    )
    if not masks.size:
        return
    order, other_order = np.argsort(bands, kind="stable"), np.argsort(others, kind="stable")
    starts = np.searchsorted(bands[order], np.arange(2**BAND_BITS + 1))
    other_starts = np.searchsorted(others[other_order], np.arange(2**BAND_BITS + 1))
    for bucket in np.flatnonzero(np.diff(starts)):
        near = bucket ^ masks
        if others is bands:
            near = near[near >= bucket]
        firsts, lengths = other_starts[near], other_starts[near + 1] - other_starts[near]
        ends = np.cumsum(lengths)
        places = np.repeat(firsts - ends + lengths, lengths) + np.arange(ends[-1])
        yield order[starts[bucket] : starts[bucket + 1]], other_order[places]


def _compare(hashes: Hashes, others: Hashes, rows: Indices, columns: Indices, *, max_bits: int) -> Iterator[Indices]:
    """Yield the pairs `i < j` of rows and columns whose hashes are near; of the same hashes, also `i > j`, turned."""
    for left in range(0, len(columns), BLOCK_ROWS):
        others_here = columns[left : left + BLOCK_ROWS]
        near = others[others_here]
        height = max(1, BLOCK_PAIRS // len(near))
        for top in range(0, len(rows), height):
            upper = rows[top : top + height]
            hits = np.flatnonzero(np.bitwise_count(hashes[upper][:, None] ^ near) <= max_bits)
            pairs = np.stack([upper[hits // len(near)], others_here[hits % len(near)]], axis=1)
            if others is hashes:
                pairs.sort(axis=1)
            pairs = pairs[pairs[:, 0] < pairs[:, 1]]
            if len(pairs):
                yield pairs
