"""The signatures of many crops in columns, whose grey images can be in a file: a million take 1 GB."""

import errno
import mmap
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.atomic import is_disk_full
from agelens.data_prep.splits.crop_signature import SIDE, CropSignature, FaceSignatures

HASH_CHARACTERS = 40
"""Of a SHA-1 in hexadecimal digits."""


@dataclass(frozen=True, eq=False)
class Signatures:
    """What is computed from N crops to find their duplicates; see `CropSignature`.

    Args:
        pixels: `bytes (N,)`, SHA-1 of shape and pixels in hexadecimal digits.
        hashes: `uint64 (N,)`, perceptual hashes.
        greys: `uint8 (N, 1024)`, 32 x 32 grey values.
        file: The memory map that holds the grey values, None if they are an array by themselves.
    """

    pixels: npt.NDArray[np.bytes_]
    hashes: npt.NDArray[np.uint64]
    greys: npt.NDArray[np.uint8]
    file: mmap.mmap | None = None

    @classmethod
    def of(cls, signatures: Iterable[CropSignature]) -> "Signatures":
        """Return signatures in columns."""
        with SignatureWriter() as writer:
            for signature in signatures:
                writer.append(signature)
            return writer.finish()

    def release(self) -> None:
        """Remove grey values that were read from a file from memory; they are read again when they are needed."""
        if self.file is not None and hasattr(mmap, "MADV_DONTNEED"):
            self.file.madvise(mmap.MADV_DONTNEED)


@dataclass(frozen=True, eq=False)
class AlignedFaces:
    """The signatures of the aligned faces of crops.

    Args:
        rows: `int64 (F,)`, ascending: the crops whose face is known.
        aligned: Of F faces; see `FaceSignatures`.
        mirrored: Of their mirror images.
    """

    rows: npt.NDArray[np.int64]
    aligned: Signatures
    mirrored: Signatures

    @classmethod
    def of(cls, faces: Sequence[FaceSignatures | None]) -> "AlignedFaces":
        """Return the signatures of the faces of crops, None where it is unknown, in columns."""
        rows = np.array([row for row, face in enumerate(faces) if face is not None], dtype=np.int64)
        known = [face for face in faces if face is not None]
        return cls(rows, Signatures.of(face.aligned for face in known), Signatures.of(face.mirrored for face in known))


class SignatureWriter:
    """Collects signatures one after the other, within `with`; their grey images are in a file without a name.

    Args:
        folder: Of the file; None for the folder of temporary files.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(tempfile.gettempdir())
        self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - `with` of this class closes it
        self._pixels: list[bytes] = []
        self._hashes: list[int] = []

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file; its content is kept as long as signatures use it."""
        with suppress(OSError):  # what could not be written was reported
            self._file.close()

    def append(self, signature: CropSignature) -> None:
        """Add the signature of the next crop.

        Raises:
            OSError: The disk is full; the error has the name of the folder.
        """
        self._pixels.append(signature.pixels.encode())
        self._hashes.append(signature.phash)
        with self._named_errors():
            self._file.write(signature.grey.tobytes())

    def finish(self) -> Signatures:
        """Return all signatures that were added, in their order.

        Raises:
            OSError: As in `append`.
        """
        with self._named_errors():
            self._file.flush()
        pixels, hashes = np.array(self._pixels, dtype=f"S{HASH_CHARACTERS}"), np.array(self._hashes, dtype=np.uint64)
        if not self._hashes:  # an empty file cannot be mapped
            return Signatures(pixels, hashes, np.empty((0, SIDE * SIDE), dtype=np.uint8))
        file = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        greys = np.frombuffer(file, dtype=np.uint8).reshape(-1, SIDE * SIDE)
        return Signatures(pixels, hashes, greys, file)

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        """Add the name of the folder to the error of a full disk, as the file has no name."""
        try:
            yield
        except OSError as error:
            if is_disk_full(error):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._folder)) from error
            raise
