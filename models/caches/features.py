"""Features of the frozen backbone, computed once per picture and view and kept, so that heads train in seconds.

A cache is a folder with one `view_<v>.npz` per view: keys of crops and their features in half precision. It carries
the fingerprint of all that the features depend on; with another fingerprint it is begun anew, with the same only
what is missing is extracted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agelens.data_prep.batches.augment import Augmentation
from agelens.data_prep.batches.dataset import check_pixels, make_view_dataset
from agelens.data_prep.core.atomic import replacing, write_text
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.hashing import file_hash
from agelens.data_prep.core.images import Pixels
from agelens.models.serving.runtime import Network

Features = npt.NDArray[np.float16]

BATCH = 16


def crop_keys(image_ids: Sequence[str], paths: Sequence[Path]) -> list[str]:
    """Return the key of each crop in a cache: its image id and a hash of its bytes, so that a changed crop is new."""
    return [f"{image_id}#{file_hash(path)[:16]}" for image_id, path in zip(image_ids, paths, strict=True)]


@dataclass(frozen=True)
class FeatureCache:
    """A folder of cached features.

    Args:
        folder: Where they lie.
        fingerprint: Names backbone, weights, size, precision, augmentation and seed.
    """

    folder: Path
    fingerprint: str

    def read(self, keys: Sequence[str], *, views: int) -> Features:
        """Return the features `(views, N, F)` of crops by `crop_keys`, in their order.

        Raises:
            DataError: Something is missing, or was made from other crops or another backbone.
        """
        if not self._is_current():
            msg = f"The features in {self.folder} are missing or of other crops or settings; run `dvc repro`."
            raise DataError(msg)
        return np.stack([self._rows(keys, view=view) for view in range(views)])

    def _is_current(self) -> bool:
        marker = self.folder / "fingerprint.txt"
        return marker.is_file() and marker.read_text() == self.fingerprint

    def _rows(self, keys: Sequence[str], *, view: int) -> Features:
        known = self._read_view(view)
        missing = [key for key in keys if key not in known]
        if missing:
            msg = f"View {view} lacks {len(missing)} images, {missing[0]} first; run `dvc repro cache_features`."
            raise DataError(msg)
        return np.stack([known[key] for key in keys])

    def _read_view(self, view: int) -> dict[str, Features]:
        path = self.folder / f"view_{view}.npz"
        if not path.is_file():
            return {}
        with np.load(path, allow_pickle=False) as arrays:
            return dict(zip(arrays["key"].tolist(), arrays["features"], strict=True))

    def extend(
        self,
        paths: Mapping[str, Path],
        network: Network,
        *,
        view: int,
        size: int,
        augmentation: Augmentation,
        seed: int,
        progress: Callable[[int], None] = lambda _: None,
    ) -> int:
        """Extract what one view lacks, and keep nothing else than what was asked for.

        Args:
            paths: The crop of each key.
            network: From crops to features; its one output is kept.
            view: Number of the view; 0 is the crop itself.
            size: Side of the crops.
            augmentation: How views differ.
            seed: Of the run.
            progress: Called with the number of images that were finished.

        Returns:
            The number of images that were extracted.

        Raises:
            DataError: The first pictures of view 0, if they fill a batch, are black.
        """
        self._begin()
        known = self._read_view(view)
        missing = {key: path for key, path in paths.items() if key not in known}
        progress(len(paths) - len(missing))
        if missing:
            known |= self._extract(missing, network, view, size, augmentation, seed, progress)
        if missing or len(known) > len(paths):
            with replacing(self.folder / f"view_{view}.npz") as temporary:
                np.savez(temporary, key=np.array(list(paths)), features=np.stack([known[key] for key in paths]))
        return len(missing)

    def remove_views(self, first: int) -> None:
        """Remove the views from a number on, which nothing asks for: people who were taken out must not stay there."""
        for path in self.folder.glob("view_*.npz"):
            if int(path.stem.removeprefix("view_")) >= first:
                path.unlink()

    def _begin(self) -> None:
        if self._is_current():
            return
        for stale in self.folder.glob("view_*.npz"):
            stale.unlink()
        write_text(self.folder / "fingerprint.txt", self.fingerprint)

    @staticmethod
    def _extract(
        missing: Mapping[str, Path],
        network: Network,
        view: int,
        size: int,
        augmentation: Augmentation,
        seed: int,
        progress: Callable[[int], None],
    ) -> dict[str, Features]:
        found: list[Features] = []
        dataset = make_view_dataset(
            list(missing.values()), view=view, size=size, batch_size=BATCH, augmentation=augmentation, seed=seed
        )

        def pictures() -> Iterator[Pixels]:
            for number, batch in enumerate(dataset.as_numpy_iterator()):
                if view == 0 and number == 0 and len(batch) == BATCH:  # a few new pictures may all be dark
                    check_pixels(batch)
                yield batch

        for outputs in network.run(pictures()):
            (features,) = outputs.values()
            found.extend(features.astype(np.float16))
            progress(len(features))
        return dict(zip(missing, found, strict=True))
