"""The training data of a head: cached features with targets, for the search and for phase 1."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from agelens.data_prep.batches.dataset import check_steps, make_feature_dataset, make_plain_feature_dataset
from agelens.data_prep.core.labels import check_has_exact_ages, describe_few_exact_ages
from agelens.data_prep.core.tables import SPLIT, TRAIN, read_table
from agelens.data_prep.splits.split import hash_names
from agelens.models.caches.features import Features, crop_keys
from agelens.models.training.objective import loss_weights_of, targets_of
from agelens.pipeline.config.fingerprints import fingerprint, rows_fingerprint
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import warn
from agelens.pipeline.training_data.feature_extraction import feature_cache
from agelens.pipeline.training_data.framing import frame_rows


@dataclass(frozen=True)
class HeadData:
    """Training and validation rows with their cached features.

    Args:
        train: The rebalanced training rows; follows TRAIN.
        val: The validation rows; follows SPLIT.
        train_features: Of the training rows, `(views, rows, features)`.
        val_features: Of the validation rows, `(1, rows, features)`.
        fingerprint: Identifies all rows and crops.
    """

    train: pd.DataFrame
    val: pd.DataFrame
    train_features: Features
    val_features: Features
    fingerprint: str

    @property
    def width(self) -> int:
        """Number of features."""
        return int(self.train_features.shape[-1])

    @property
    def start_age(self) -> float:
        """Mean age of the training rows."""
        return float(self.train["age"].mean())

    def steps(self, batch_size: int) -> int:
        """Return the number of batches of an epoch."""
        return check_steps(self.train["copies"].to_numpy(np.int64), batch_size=batch_size)

    def subset(self, count: int, *, seed: int) -> "HeadData":
        """Return at most `count` training rows and `count` validation rows, in their order, the same in every run.

        Raises:
            DataError: None of the validation rows has an exact age.
        """
        train, val = (first_by_hash(table, count, seed=seed) for table in (self.train, self.val))
        few = self.val.iloc[val].reset_index(drop=True)
        check_has_exact_ages(few["age_low"], few["age_high"])
        return HeadData(
            train=self.train.iloc[train].reset_index(drop=True),
            val=few,
            train_features=self.train_features[:, train],
            val_features=self.val_features[:, val],
            fingerprint=fingerprint([self.fingerprint, count, seed]),
        )

    def datasets(
        self, *, outputs: Mapping[str, Any], batch_size: int, seed: int, first_epoch: int = 0
    ) -> tuple[Any, int, Any]:
        """Return the training dataset, its batches per epoch, and the validation dataset.

        Args:
            outputs: Outputs of the head, by name; they determine the targets.
            batch_size: Of training.
            seed: Of the order of the rows.
            first_epoch: The endless training dataset starts with this epoch.
        """
        return self.cached_datasets(
            list(self.train_features),
            self.val_features[0],
            outputs=outputs,
            batch_size=batch_size,
            seed=seed,
            first_epoch=first_epoch,
        )

    def cached_datasets(
        self,
        train: Sequence[npt.NDArray[np.float16]],
        val: npt.NDArray[np.float16],
        *,
        outputs: Mapping[str, Any],
        batch_size: int,
        seed: int,
        first_epoch: int = 0,
    ) -> tuple[Any, int, Any]:
        """Return the same datasets for any cached input of these rows.

        Args:
            train: Inputs of the training rows, one array for each view.
            val: Inputs of the validation rows.
            outputs: Outputs of the model, by name; they determine the targets.
            batch_size: Of training.
            seed: Of the order of the rows.
            first_epoch: The endless training dataset starts with this epoch.
        """
        training, steps = make_feature_dataset(
            train,
            targets_of(self.train, outputs),
            weights=loss_weights_of(self.train, outputs),
            copies=self.train["copies"].to_numpy(np.int64),
            batch_size=batch_size,
            seed=seed,
            first_epoch=first_epoch,
        )
        # The batch size does not change the result of validation, so it is as large as memory allows.
        return training, steps, make_plain_feature_dataset(val, targets_of(self.val, outputs), batch_size=256)


def read_head_data(params: Params, paths: Paths) -> HeadData:
    """Read the rebalanced training rows and the validation rows with their features; warn if these are few.

    Raises:
        DataError: A table or a feature is missing, or no validation row has an exact age.
    """
    train, val = read_table(paths.train, TRAIN), read_table(paths.split_val, SPLIT)
    check_has_exact_ages(val["age_low"], val["age_high"])
    warn(describe_few_exact_ages(val["age_low"], val["age_high"]))
    train_keys, val_keys = (_keys(table, params, paths) for table in (train, val))
    return HeadData(
        train=train,
        val=val,
        train_features=feature_cache(params, paths, "train").read(train_keys, views=params.cache_features.views),
        val_features=feature_cache(params, paths, "val").read(val_keys, views=1),
        fingerprint=rows_fingerprint([paths.train, paths.split_val], keys=train_keys + val_keys),
    )


def first_by_hash(table: pd.DataFrame, count: int, *, seed: int) -> npt.NDArray[np.intp]:
    """Return the indices of the `count` rows with the lowest hashes of their image, in ascending order."""
    hashes = hash_names(table["image_id"], seed=seed).to_numpy(str)
    return np.sort(np.argsort(hashes, kind="stable")[:count])


def _keys(table: pd.DataFrame, params: Params, paths: Paths) -> list[str]:
    return crop_keys(table["image_id"].tolist(), frame_rows(table, params, folder=paths.crops))
