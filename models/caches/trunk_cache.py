"""What the frozen trunk says of every picture and view, kept on disk and read through memory maps.

A cache is a folder of `view_<v>.npy`, half-precision activations `(N, h, w, channels)` in the order of the rows, and a
fingerprint of all that they depend on. A view is written whole or not at all, so a stopped run goes on with the next.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agelens.data_prep.batches.augment import Augmentation
from agelens.data_prep.batches.dataset import make_view_dataset
from agelens.data_prep.core.atomic import replacing, write_text
from agelens.data_prep.core.errors import ParamsError
from agelens.models.serving.runtime import Network

Activations = npt.NDArray[np.float16]

BATCH = 16


@dataclass(frozen=True)
class TrunkCache:
    """A folder of activations.

    Args:
        folder: Where they lie.
        fingerprint: Names trunk, rows, crops, augmentation and seed.
        shape: Of one activation, `(h, w, channels)`.
    """

    folder: Path
    fingerprint: str
    shape: tuple[int, ...]

    def bytes_of(self, rows: int, *, views: int) -> int:
        """Return the size on disk of so many rows in so many views."""
        return 2 * int(np.prod(self.shape)) * rows * views

    def check_room(self, rows: int, *, views: int, instead: str) -> None:
        """Raise `ParamsError`, which says what to do `instead`, if what is not there yet would fill the disk."""
        needed = self.bytes_of(rows, views=views - len(self._kept()))
        self.folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.folder).free
        if needed > 0.9 * free:
            msg = (
                f"The cached trunk needs {needed / 1e9:.1f} GB in {self.folder}, where {free / 1e9:.1f} GB are free. "
                f"{instead}"
            )
            raise ParamsError(msg)

    def extend(
        self,
        paths: Sequence[Path],
        network: Network,
        *,
        view: int,
        size: int,
        augmentation: Augmentation,
        seed: int,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Activations:
        """Return the activations of one view as a memory map `(N, h, w, channels)`, computed if they are not there.

        Args:
            paths: The crops, in the order of the rows.
            network: The trunk; its one output is kept.
            view: Number of the view.
            size: Side of the crops.
            augmentation: How views differ.
            seed: Of the run.
            progress: Called with the number of images that were finished.
        """
        self._begin()
        path = self.folder / f"view_{view}.npy"
        if path.is_file():
            progress(len(paths))
        else:
            dataset = make_view_dataset(
                paths, view=view, size=size, batch_size=BATCH, augmentation=augmentation, seed=seed
            )
            with replacing(path) as temporary:
                kept = np.lib.format.open_memmap(
                    temporary, mode="w+", dtype=np.float16, shape=(len(paths), *self.shape)
                )
                first = 0
                for outputs in network.run(dataset.as_numpy_iterator()):
                    (activations,) = outputs.values()
                    kept[first : first + len(activations)] = activations
                    first += len(activations)
                    progress(len(activations))
                kept.flush()
        found: Activations = np.load(path, mmap_mode="r")
        return found

    def remove(self) -> None:
        """Remove all activations: pictures of people are kept no longer than needed, and these are large."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _kept(self) -> list[Path]:
        return list(self.folder.glob("view_*.npy")) if self._is_current() else []

    def _is_current(self) -> bool:
        marker = self.folder / "fingerprint.txt"
        return marker.is_file() and marker.read_text() == self.fingerprint

    def _begin(self) -> None:
        if self._is_current():
            return
        self.remove()
        write_text(self.folder / "fingerprint.txt", self.fingerprint)
