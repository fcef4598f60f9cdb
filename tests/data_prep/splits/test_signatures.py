"""Signatures in columns, whose grey images are in a file."""

import numpy as np

from agelens.data_prep.splits.crop_signature import FaceSignatures, describe_crop
from agelens.data_prep.splits.signatures import AlignedFaces, Signatures, SignatureWriter
from tests.data_prep.splits.drawn_signatures import draw_image


def test_columns_have_the_values_of_the_signatures_after_the_file_is_closed(tmp_path):
    described = [describe_crop(draw_image(seed)) for seed in range(3)]
    with SignatureWriter(tmp_path) as writer:
        for signature in described:
            writer.append(signature)
        signatures = writer.finish()
    assert list(tmp_path.iterdir()) == []  # the file has no name
    assert [one.decode() for one in signatures.pixels] == [one.pixels for one in described]
    assert signatures.hashes.tolist() == [one.phash for one in described]
    assert signatures.greys.tolist() == [one.grey.tolist() for one in described]


def test_no_signatures_are_empty_columns():
    signatures = Signatures.of([])
    assert (signatures.pixels.shape, signatures.hashes.shape, signatures.greys.shape) == ((0,), (0,), (0, 1024))


def test_faces_that_are_unknown_have_no_row():
    one, two = (describe_crop(draw_image(seed)) for seed in (1, 2))
    faces = AlignedFaces.of([None, FaceSignatures(one, two), None, FaceSignatures(two, one)])
    assert faces.rows.tolist() == [1, 3]
    assert faces.aligned.hashes.tolist() == [one.phash, two.phash]
    assert np.array_equal(faces.mirrored.greys, [two.grey, one.grey])
