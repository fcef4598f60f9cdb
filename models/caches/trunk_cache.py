"""Cache of the frozen trunk's activations for every crop and view, on disk and read through memory maps.

A cache is a folder of `view_<v>.npy`, half-precision activations `(N, h, w, channels)` in the order of the rows, with
the fingerprint of everything that they depend on. A view is written as a whole, with its checksum behind the
activations, so a stopped run resumes with the first view that is missing or damaged.
"""

import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agelens.data_prep.batches.augment import Augmentation
from agelens.data_prep.batches.damaged_crops import naming_damaged_crops
from agelens.data_prep.batches.dataset import make_view_dataset
from agelens.data_prep.batches.framed_crop import FramedCrop
from agelens.data_prep.core.archives import DAMAGED_ARCHIVE
from agelens.data_prep.core.atomic import replacing, write_text
from agelens.data_prep.core.errors import ParamsError
from agelens.models.caches.features import EXTRACTION_BATCH
from agelens.models.serving.runtime import NetworkOutputs, OpenVinoNetwork

Activations = npt.NDArray[np.float16]

CHECKSUM_BYTES = 4
"""Of the CRC-32 that follows the activations in a file; NumPy ignores it."""


@dataclass(frozen=True)
class TrunkCache:
    """A folder of activations.

    Args:
        folder: Of the cache.
        fingerprint: Of trunk, rows, crops, augmentation and seed.
        shape: Of the activations of one crop, `(h, w, channels)`.
    """

    folder: Path
    fingerprint: str
    shape: tuple[int, ...]

    def bytes_of(self, rows: int, *, views: int) -> int:
        """Return the size on disk of the activations of `rows` crops in `views` views."""
        return 2 * int(np.prod(self.shape)) * rows * views

    def check_room(self, rows: int, *, views: int, instead: str) -> None:
        """Raise `ParamsError`, with the advice `instead`, if the missing views need more than 90 % of the free disk."""
        needed = self.bytes_of(rows, views=views - len(self._finished_views()))
        self.folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.folder).free
        if needed > 0.9 * free:
            msg = (
                f"The trunk cache needs {needed / 1e9:.1f} GB in {self.folder}, where {free / 1e9:.1f} GB are free. "
                f"{instead}"
            )
            raise ParamsError(msg)

    def extend(
        self,
        crops: Sequence[FramedCrop],
        network: OpenVinoNetwork,
        *,
        view: int,
        size: int,
        augmentation: Augmentation,
        seed: int,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Activations:
        """Return the activations of one view as a memory map `(N, h, w, channels)`, computed if they are missing.

        Args:
            crops: The crops, in the order of the rows.
            network: From crops to activations, its only output.
            view: Number of the view.
            size: Side of the crops.
            augmentation: Settings of the views.
            seed: Of the views.
            progress: Called with the number of finished crops.
        """
        self._remove_outdated()
        path = self.folder / f"view_{view}.npy"
        stored = self._open(path, rows=len(crops))
        if stored is not None:
            progress(len(crops))
            return stored
        dataset = make_view_dataset(
            crops, view=view, size=size, batch_size=EXTRACTION_BATCH, augmentation=augmentation, seed=seed
        )
        with naming_damaged_crops(crops):
            self._write(path, network.run(dataset.as_numpy_iterator()), rows=len(crops), progress=progress)
        written: Activations = np.load(path, mmap_mode="r")
        return written

    def _open(self, path: Path, *, rows: int) -> Activations | None:
        """Return stored activations; None if there are none, or if the file is not as it was written."""
        try:
            stored: Activations = np.load(path, mmap_mode="r", allow_pickle=False)
            with path.open("rb") as file:
                file.seek(-CHECKSUM_BYTES, os.SEEK_END)
                checksum = int.from_bytes(file.read(), "little")
        except DAMAGED_ARCHIVE:
            return None
        if stored.dtype != np.float16 or stored.shape != (rows, *self.shape):
            return None
        return stored if zlib.crc32(stored.data) == checksum else None

    def _write(
        self, path: Path, batches: Iterable[NetworkOutputs], *, rows: int, progress: Callable[[int], None]
    ) -> None:
        header = {"descr": np.lib.format.dtype_to_descr(np.dtype(np.float16)), "fortran_order": False}
        checksum = 0
        # Writing through a memory map would kill the process with SIGBUS on a full disk.
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header | {"shape": (rows, *self.shape)})
            for outputs in batches:
                (activations,) = outputs.values()
                content = np.ascontiguousarray(activations, np.float16).data
                file.write(content)
                checksum = zlib.crc32(content, checksum)
                progress(len(activations))
            file.write(checksum.to_bytes(CHECKSUM_BYTES, "little"))

    def remove(self) -> None:
        """Remove all activations: they are large, and derived from images of people."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _finished_views(self) -> list[Path]:
        return list(self.folder.glob("view_*.npy")) if self._is_current() else []

    def _is_current(self) -> bool:
        marker = self.folder / "fingerprint.txt"
        return marker.is_file() and marker.read_bytes() == self.fingerprint.encode()

    def _remove_outdated(self) -> None:
        if self._is_current():
            return
        self.remove()
        write_text(self.folder / "fingerprint.txt", self.fingerprint)
