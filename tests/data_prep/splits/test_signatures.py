"""Signatures in columns, whose grey images are in a file."""

from pathlib import Path

import numpy as np
import pytest

from agelens.data_prep.splits.crop_signature import FaceSignatures, describe_crop
from agelens.data_prep.splits.signatures import AlignedFaces, Signatures, SignatureWriter
from tests.data_prep.splits.drawn_signatures import draw_image

FULL_DISK = Path("/dev/full")
"""Every write to it fails, as on a full disk."""


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


@pytest.mark.skipif(not FULL_DISK.exists(), reason="needs /dev/full")
@pytest.mark.parametrize("count", [1, 100])
def test_a_full_disk_is_an_error_with_the_name_of_the_folder(count, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: FULL_DISK.open("wb"))
    signature = describe_crop(draw_image(1))

    def write() -> None:
        with SignatureWriter(tmp_path) as writer:
            for _ in range(count):
                writer.append(signature)
            writer.finish()

    with pytest.raises(OSError, match="No space left") as caught:
        write()
    assert caught.value.filename == str(tmp_path)
