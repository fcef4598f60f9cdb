"""Links by hash and correlation: what is filtered out early could not have been linked."""

import numpy as np
import numpy.typing as npt
import pytest

from agelens.data_prep.splits.crop_signature import CropSignature
from agelens.data_prep.splits.signatures import Signatures
from agelens.data_prep.splits.similar_pairs import Components, Greys, link_similar

Labels = npt.NDArray[np.int64]


def linked(signatures: Signatures, *, max_bits: int = 10, min_correlation: float = 0.97) -> Labels:
    """Return the smallest item that each item is linked with."""
    rows = np.arange(len(signatures.hashes))
    known = Components(len(rows))
    limits = {"max_bits": max_bits, "min_correlation": min_correlation}
    link_similar(signatures, signatures, rows=rows, items=rows, known=known, **limits)
    return smallest(known)


def smallest(known: Components) -> Labels:
    return np.array([np.flatnonzero(known.label == label)[0] for label in known.label])


def by_brute_force(signatures: Signatures, *, max_bits: int = 10, min_correlation: float = 0.97) -> Labels:
    """Link all pairs with the correlation of numpy, in float64."""
    with np.errstate(invalid="ignore"):
        correlation = np.nan_to_num(np.corrcoef(signatures.greys.astype(np.float64)))
    near = np.bitwise_count(signatures.hashes[:, None] ^ signatures.hashes) <= max_bits
    known = Components(len(near))
    known.join(np.argwhere(near & (correlation >= min_correlation)))
    return smallest(known)


def noisy(seed: int, count: int) -> Signatures:
    """Return smooth images in families: each image is one of a few with more or less noise, and hashes are near."""
    rng = np.random.default_rng(seed)
    waves = np.cos(np.pi * np.outer(np.arange(6), np.arange(32) + 0.5) / 32)
    families = np.einsum("nab,ax,by->nxy", rng.normal(size=(count // 6, 6, 6)), waves, waves)
    signatures = []
    for index in range(count):
        image = families[index % len(families)]
        image = image / image.std() + rng.uniform(0, 0.5) * rng.normal(size=(32, 32))
        image += rng.uniform(0, 0.5) * np.outer(waves[rng.integers(1, 6)], waves[rng.integers(1, 6)])
        phash = sum(1 << int(bit) for bit in rng.choice(64, rng.integers(0, 8), replace=False))
        grey = (128 + 40 * image).round().clip(0, 255).astype(np.uint8).ravel()
        signatures.append(CropSignature(str(index), phash, grey))
    return Signatures.of(signatures)


@pytest.mark.parametrize("min_correlation", [0.5, 0.9, 0.95, 0.97])
@pytest.mark.parametrize("exhaustive_rows", [0, 1000])
def test_the_links_are_those_of_all_pairs(min_correlation, exhaustive_rows, monkeypatch):
    monkeypatch.setattr("agelens.data_prep.splits.near_hashes.EXHAUSTIVE_ROWS", exhaustive_rows)
    signatures = noisy(5, 240)
    expected = by_brute_force(signatures, min_correlation=min_correlation)
    assert 30 <= len(set(expected)) < 230  # some images are linked, and some are not
    assert linked(signatures, min_correlation=min_correlation).tolist() == expected.tolist()


def test_a_sketch_is_never_farther_apart_than_the_images():
    signatures = noisy(6, 60)
    rows = np.arange(60)
    greys = Greys(signatures, rows)
    units = greys.unit(rows)
    np.testing.assert_allclose(units @ units.T, np.corrcoef(signatures.greys.astype(np.float64)), atol=1e-5)
    apart = [((each[:, None] - each[None]) ** 2).sum(axis=2) for each in (greys.sketch, units)]
    assert (apart[0] <= apart[1] + 1e-5).all()
    assert np.median(apart[0][apart[1] > 0.5]) > 0.2  # so that it filters


def test_equal_grey_images_are_compared_once():
    signatures = noisy(7, 6)
    repeated = Signatures(
        np.repeat(signatures.pixels, 100), np.repeat(signatures.hashes, 100), np.repeat(signatures.greys, 100, axis=0)
    )
    places, pairs = Greys(repeated, np.arange(600)).distinct()
    assert places.tolist() == [0, 100, 200, 300, 400, 500]
    assert sorted(pairs[:, 1].tolist()) == [row for row in range(600) if row % 100]
    assert (pairs[:, 0] == pairs[:, 1] // 100 * 100).all()


def test_a_hash_of_the_content_that_two_images_share_does_not_make_them_equal():
    greys = Greys(noisy(8, 12), np.arange(12))
    greys.content[:] = 1
    places, pairs = greys.distinct()
    assert places.tolist() == list(range(12))
    assert len(pairs) == 0


@pytest.mark.parametrize(("min_correlation", "sets"), [(0.97, 300), (0.0, 1)])
def test_images_of_one_colour_correlate_by_zero(min_correlation, sets):
    greys = np.repeat(np.arange(3, dtype=np.uint8), 100)[:, None].repeat(1024, axis=1)
    flat = Signatures(np.arange(300).astype("S40"), np.zeros(300, dtype=np.uint64), greys)
    assert len(set(linked(flat, min_correlation=min_correlation))) == sets


def test_only_the_rows_are_linked_under_the_names_of_their_items():
    signatures = noisy(9, 6)
    same = Signatures(signatures.pixels, signatures.hashes, np.repeat(signatures.greys[:1], 6, axis=0))
    known = Components(10)
    limits = {"max_bits": 64, "min_correlation": 0.97}
    link_similar(same, same, rows=np.array([5, 0, 2]), items=np.array([9, 4, 3]), known=known, **limits)
    assert [set(np.flatnonzero(known.label == label)) for label in set(known.label[[3, 4, 9]])] == [{3, 4, 9}]
    assert len(set(known.label)) == 8


def test_sets_are_joined_in_any_order():
    known = Components(7)
    known.join(np.array([[5, 6], [0, 1], [1, 1], [2, 3], [3, 0], [6, 5]]))
    assert smallest(known).tolist() == [0, 0, 0, 0, 4, 5, 5]
