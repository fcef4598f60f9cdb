"""Pairs of similar hashes: the search by buckets finds what comparing all pairs finds."""

from collections import Counter

import numpy as np
import pytest

from agelens.data_prep.splits.near_hashes import Hashes, band_radii, near_pairs


def pairs_of(hashes: Hashes, others: Hashes, *, max_bits: int) -> set[tuple[int, int]]:
    return {(i, j) for block in near_pairs(hashes, others, max_bits=max_bits) for i, j in block.tolist()}


def by_brute_force(hashes: Hashes, others: Hashes, *, max_bits: int) -> set[tuple[int, int]]:
    return {
        (i, j)
        for i, one in enumerate(hashes.tolist())
        for j, other in enumerate(others.tolist())
        if i < j and (one ^ other).bit_count() <= max_bits
    }


def with_near_copies(seed: int, *, count: int, bits: int) -> Hashes:
    """Return random hashes and, for each number of bits, some copies in which that number of random bits differs."""
    rng = np.random.default_rng(seed)
    hashes = rng.integers(2**64, size=count, dtype=np.uint64).tolist()
    for changed in range(bits + 1):
        for one in rng.choice(count, 12, replace=False).tolist():
            flipped = rng.choice(64, changed, replace=False).tolist()
            hashes.append(hashes[one] ^ sum(1 << bit for bit in flipped))
    return rng.permutation(np.array(hashes, dtype=np.uint64))


@pytest.fixture
def by_buckets(monkeypatch):
    monkeypatch.setattr("agelens.data_prep.splits.near_hashes.EXHAUSTIVE_ROWS", 0)


@pytest.mark.usefixtures("by_buckets")
@pytest.mark.parametrize("max_bits", [0, 1, 2, 3, 4, 5, 8, 10, 11, 14])
def test_buckets_find_the_same_pairs_as_brute_force(max_bits):
    hashes = with_near_copies(max_bits, count=150, bits=max_bits + 2)
    expected = by_brute_force(hashes, hashes, max_bits=max_bits)
    by_distance = Counter(int(np.bitwise_count(hashes[i] ^ hashes[j])) for i, j in expected)
    assert all(by_distance[bits] >= 10 for bits in range(max_bits + 1))
    assert pairs_of(hashes, hashes, max_bits=max_bits) == expected


@pytest.mark.usefixtures("by_buckets")
def test_buckets_find_the_same_pairs_between_two_lists():
    hashes = with_near_copies(1, count=150, bits=12)
    others = np.random.default_rng(1).permutation(hashes)
    expected = by_brute_force(hashes, others, max_bits=10)
    assert len(expected) > 100
    assert pairs_of(hashes, others, max_bits=10) == expected


@pytest.mark.usefixtures("by_buckets")
def test_no_way_to_distribute_ten_bits_over_the_bands_is_missed():
    splits = [
        (a, b, c, 10 - a - b - c) for a in range(11) for b in range(11 - a) for c in range(11 - a - b)
    ]  # how many of the ten bits are in each band of 16
    far = np.random.default_rng(3).integers(2**64, size=1, dtype=np.uint64)[0]
    near = [int(far) ^ sum(((1 << bits) - 1) << 16 * band for band, bits in enumerate(split)) for split in splits]
    hashes = np.array([far, *near], dtype=np.uint64)
    found = pairs_of(hashes, hashes, max_bits=10)
    assert {(0, j) for j in range(1, len(hashes))} <= found
    assert not any(pairs_of(hashes[[0, j]], hashes[[0, j]], max_bits=9) for j in range(1, len(hashes), 7))


@pytest.mark.usefixtures("by_buckets")
@pytest.mark.parametrize("max_bits", [20, 64])
def test_large_limits_are_searched_exhaustively(max_bits):
    hashes = with_near_copies(2, count=100, bits=22)
    assert pairs_of(hashes, hashes, max_bits=max_bits) == by_brute_force(hashes, hashes, max_bits=max_bits)


def test_few_hashes_are_compared_in_blocks(monkeypatch):
    hashes = with_near_copies(4, count=150, bits=12)
    expected = by_brute_force(hashes, hashes, max_bits=10)
    for rows, pairs in ((7, 20), (50, 50), (1000, 131_072)):
        monkeypatch.setattr("agelens.data_prep.splits.near_hashes.BLOCK_ROWS", rows)
        monkeypatch.setattr("agelens.data_prep.splits.near_hashes.BLOCK_PAIRS", pairs)
        assert pairs_of(hashes, hashes, max_bits=10) == expected
        blocks = list(near_pairs(hashes, hashes, max_bits=10))
        assert max(map(len, blocks)) <= max(pairs, rows)
        assert sum(map(len, blocks)) <= 2 * len(expected)


@pytest.mark.parametrize(
    ("max_bits", "radii"),
    [(0, (0, -1, -1, -1)), (2, (0, 0, 0, -1)), (3, (0, 0, 0, 0)), (10, (2, 2, 2, 1)), (11, (2, 2, 2, 2))],
)
def test_the_radii_add_up_to_three_less_than_the_limit(max_bits, radii):
    assert band_radii(max_bits) == radii
    assert sum(radii) == max_bits - 3


@pytest.mark.usefixtures("by_buckets")
@pytest.mark.parametrize("count", [0, 1])
def test_one_hash_has_no_pair(count):
    hashes = np.zeros(count, dtype=np.uint64)
    assert pairs_of(hashes, hashes, max_bits=10) == set()
