"""Cache of the frozen backbone's features, computed once per crop and view, so that heads train in seconds.

A cache is a folder with one `view_<v>.npz` per view: keys of crops and their features in half precision. A file holds
the fingerprint of everything that the features depend on. If the fingerprint changes, the cache is emptied; otherwise
only missing features are computed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agelens.data_prep.batches.augment import Augmentation
from agelens.data_prep.batches.damaged_crops import naming_damaged_crops
from agelens.data_prep.batches.dataset import check_pixels, make_view_dataset
from agelens.data_prep.batches.framed_crop import FramedCrop
from agelens.data_prep.core.archives import read_archive
from agelens.data_prep.core.atomic import replacing, write_text
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.hashing import file_hash
from agelens.data_prep.core.images import Pixels
from agelens.models.serving.runtime import OpenVinoNetwork

Features = npt.NDArray[np.float16]

EXTRACTION_BATCH = 16
"""Crops that are computed at once, here and in the trunk cache."""


def crop_keys(image_ids: Sequence[str], crops: Sequence[FramedCrop]) -> list[str]:
    """Return the key of each crop in a cache: image id, hash of the file, hash of the framing."""
    return [
        f"{image_id}#{file_hash(crop.path)[:16]}{crop.transform_hash}"
        for image_id, crop in zip(image_ids, crops, strict=True)
    ]


@dataclass(frozen=True)
class FeatureCache:
    """A folder of cached features.

    Args:
        folder: Of the cache.
        fingerprint: Of backbone, weights, size, precision, augmentation and seed.
    """

    folder: Path
    fingerprint: str

    def read(self, keys: Sequence[str], *, views: int) -> Features:
        """Return the features `(views, N, F)` of crops, in the order of their keys.

        Args:
            keys: From `crop_keys`.
            views: Number of views, from view 0.

        Raises:
            DataError: Features are missing, or were computed from other crops or with other settings.
        """
        if not self._is_current():
            msg = f"The features in {self.folder} are missing or outdated. Run `dvc repro cache_features`."
            raise DataError(msg)
        return np.stack([self._rows(keys, view=view) for view in range(views)])

    def _is_current(self) -> bool:
        marker = self.folder / "fingerprint.txt"
        return marker.is_file() and marker.read_bytes() == self.fingerprint.encode()

    def _rows(self, keys: Sequence[str], *, view: int) -> Features:
        known = self._read_view(view)
        missing = [key for key in keys if key not in known]
        if missing:
            path = self.folder / f"view_{view}.npz"
            msg = f"{path} lacks {len(missing)} images, such as {missing[0]}. Run `dvc repro cache_features`."
            raise DataError(msg)
        return np.stack([known[key] for key in keys])

    def _read_view(self, view: int) -> dict[str, Features]:
        """Return the features of each key; none if there is no file, or if it is damaged, so that it is replaced."""
        arrays = read_archive(self.folder / f"view_{view}.npz")
        if arrays is None or arrays.keys() != {"key", "features"} or len(arrays["key"]) != len(arrays["features"]):
            return {}
        return dict(zip(arrays["key"].tolist(), arrays["features"], strict=True))

    def extend(
        self,
        crops: Mapping[str, FramedCrop],
        network: OpenVinoNetwork,
        *,
        view: int,
        size: int,
        augmentation: Augmentation,
        seed: int,
        progress: Callable[[int], None] = lambda _: None,
    ) -> int:
        """Compute the missing features of one view, and remove those of crops that are not listed.

        Args:
            crops: The crop of each key.
            network: From crops to features, its only output.
            view: Number of the view; 0 is the crop itself.
            size: Side of the crops.
            augmentation: Settings of the views.
            seed: Of the views.
            progress: Called with the number of finished crops.

        Returns:
            The number of crops whose features were computed.

        Raises:
            DataError: The first full batch of view 0 is black.
        """
        self._remove_outdated()
        known = self._read_view(view)
        missing = {key: crop for key, crop in crops.items() if key not in known}
        progress(len(crops) - len(missing))
        if missing:
            known |= self._compute(missing, network, view, size, augmentation, seed, progress)
        if missing or len(known) > len(crops):
            with replacing(self.folder / f"view_{view}.npz") as temporary:
                np.savez(temporary, key=np.array(list(crops)), features=np.stack([known[key] for key in crops]))
        return len(missing)

    def remove_views(self, first: int) -> None:
        """Remove the views from number `first` on: crops that left the data set must not remain in unused views."""
        for path in self.folder.glob("view_*.npz"):
            if int(path.stem.removeprefix("view_")) >= first:
                path.unlink()

    def _remove_outdated(self) -> None:
        if self._is_current():
            return
        for outdated in self.folder.glob("view_*.npz"):
            outdated.unlink()
        write_text(self.folder / "fingerprint.txt", self.fingerprint)

    @staticmethod
    def _compute(
        missing: Mapping[str, FramedCrop],
        network: OpenVinoNetwork,
        view: int,
        size: int,
        augmentation: Augmentation,
        seed: int,
        progress: Callable[[int], None],
    ) -> dict[str, Features]:
        found: list[Features] = []
        dataset = make_view_dataset(
            list(missing.values()),
            view=view,
            size=size,
            batch_size=EXTRACTION_BATCH,
            augmentation=augmentation,
            seed=seed,
        )

        def checked_batches() -> Iterator[Pixels]:
            for number, batch in enumerate(dataset.as_numpy_iterator()):
                if view == 0 and number == 0 and len(batch) == EXTRACTION_BATCH:  # a few crops may all be dark
                    check_pixels(batch)
                yield batch

        with naming_damaged_crops(list(missing.values())):
            for outputs in network.run(checked_batches()):
                (features,) = outputs.values()
                found.extend(features.astype(np.float16))
                progress(len(features))
        return dict(zip(missing, found, strict=True))
