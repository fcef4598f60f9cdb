"""Training and evaluation of a head on frozen features: seconds, where the whole network takes hours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from agelens.data_prep.batches.framed_crop import FramedCrop
from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.splits.rebalance import rebalance_table
from agelens.models.caches.features import FeatureCache, crop_keys
from agelens.models.calibration.calibration import Calibration
from agelens.models.calibration.fit import fit_calibration
from agelens.models.evaluation.metrics import Metrics, summarise
from agelens.models.evaluation.predictions_table import predictions_table
from agelens.models.network.heads import HeadConfig, build_head
from agelens.models.serving.decoding import decode
from agelens.models.serving.runtime import NetworkOutputs, OpenVinoNetwork
from agelens.models.training.objective import Objective, compile_model
from agelens.models.training.phases import PhaseConfig, build_optimizer, fit_phase
from agelens.pipeline.config.fingerprints import features_fingerprint
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.params import Params
from agelens.pipeline.progress import progress_bar
from agelens.pipeline.training_data.feature_extraction import convert_feature_network, extract_views
from agelens.pipeline.training_data.framing import frame_rows
from agelens.pipeline.training_data.head_data import HeadData


@dataclass(frozen=True)
class FrozenFeatures:
    """Cached features of every row of a cross-validation.

    Args:
        cache: The features.
        params: How crops are framed.
        crops: Folder of the crops.
        views: Number of views of each crop.
    """

    cache: FeatureCache
    params: Params
    crops: Path
    views: int

    def keys(self, table: pd.DataFrame) -> list[str]:
        """Return the keys of a table's crops."""
        return crop_keys(table["image_id"].tolist(), self.framed(table))

    def framed(self, table: pd.DataFrame) -> list[FramedCrop]:
        """Return a table's crops and how the network frames them."""
        return frame_rows(table, self.params, folder=self.crops)


def extract_features(params: Params, table: pd.DataFrame, *, crops: Path, folder: Path, views: int) -> FrozenFeatures:
    """Extract the features of the rows of a table that the cache lacks; an interrupted extraction resumes.

    Every row is in the test split of one fold, so all features are computed in the precision of validation.
    """
    features = FrozenFeatures(FeatureCache(folder, features_fingerprint(params, part="val")), params, crops, views)
    network = OpenVinoNetwork(
        convert_feature_network(params), precision=params.cache_features.precision_of("val"), many=True
    )
    wanted = dict(zip(features.keys(table), features.framed(table), strict=True))
    with progress_bar("extracting features", total=views * len(wanted)) as advance:
        extract_views(params, features.cache, wanted, network=network, views=views, progress=advance)
    return features


def train_and_evaluate_head(
    params: Params, splits: dict[str, pd.DataFrame], *, features: FrozenFeatures, epochs: int, balance: bool = True
) -> dict[str, Metrics]:
    """Return the metrics of the predictions of `train_and_predict_head`, by name of the split."""
    predicted = train_and_predict_head(params, splits, features=features, epochs=epochs, balance=balance)
    return {name: summarise(table) for name, table in predicted.items()}


def train_and_predict_head(
    params: Params,
    splits: dict[str, pd.DataFrame],
    *,
    features: FrozenFeatures,
    epochs: int,
    balance: bool = True,
    bag: int = 1,
) -> dict[str, pd.DataFrame]:
    """Train a head on `train`, choose its best epoch and calibrate it on `val`, and predict all other splits.

    Args:
        params: The settings, but for the number of epochs.
        splits: Tables by name; follow SPLIT.
        features: Of all rows of the splits.
        epochs: Maximum number of epochs.
        balance: Rebalance the training rows as the stage `rebalance` does.
        bag: Number of heads with different seeds, whose outputs are averaged.

    Returns:
        Predictions tables by name of the split, with the additional column `class_group`: the index of the age group
        with the largest probability, which may be another than that of the age.
    """
    train = splits["train"].assign(copies=1, weight=1.0)
    if balance:
        train, _ = rebalance_table(splits["train"], **params.rebalance.model_dump(), seed=params.seed)
    data = HeadData(
        train=train,
        val=splits["val"],
        train_features=features.cache.read(features.keys(train), views=features.views),
        val_features=features.cache.read(features.keys(splits["val"]), views=1),
        fingerprint="",
    )
    heads = [_train_head(params, data, epochs=epochs, seed=params.seed + number) for number in range(bag)]
    calibration, groups = _calibrate(params, heads, splits["val"], features), AgeGroups(tuple(params.age_groups))
    evaluated = {name: table for name, table in splits.items() if name not in {"train", "val"}}
    decoded = {
        name: decode(_outputs(heads, table, features), calibration=calibration, groups=groups)
        for name, table in evaluated.items()
    }
    return {
        name: predictions_table(table, decoded[name]).assign(class_group=decoded[name].probabilities.argmax(axis=1))
        for name, table in evaluated.items()
    }


def _train_head(params: Params, data: HeadData, *, epochs: int, seed: int) -> Any:
    """Return a trained head."""
    keras.utils.set_random_seed(seed)
    section = params.train.phase1
    config = from_section(HeadConfig, params.model)
    head = build_head(config, features=data.width, groups=len(params.age_groups), start_age=data.start_age)
    training, steps, validation = data.datasets(outputs=head.output, batch_size=section.batch_size, seed=seed)
    phase = replace(from_section(PhaseConfig, section), epochs=epochs)
    compile_model(head, from_section(Objective, params.loss), optimizer=build_optimizer(phase, steps=steps))
    fit_phase(head, training, steps=steps, validation=validation, config=phase, phase=1)
    return head


def _calibrate(params: Params, heads: Sequence[Any], val: pd.DataFrame, features: FrozenFeatures) -> Calibration:
    """Return the calibration of the heads, fitted as in the stage `calibrate`."""
    exact = val[val["age_low"] == val["age_high"]]
    outputs = _outputs(heads, exact, features)
    return fit_calibration(
        outputs["age"][:, 0],
        exact["age"],
        groups=exact["group"].tolist(),
        distribution=outputs.get("age_distribution"),
        **params.calibrate.model_dump(),
    ).calibration


def _outputs(heads: Sequence[Any], table: pd.DataFrame, features: FrozenFeatures) -> NetworkOutputs:
    """Return the mean of the outputs of the heads."""
    plain = features.cache.read(features.keys(table), views=1)[0].astype("float32")
    found = [{name: keras.ops.convert_to_numpy(out) for name, out in head(plain).items()} for head in heads]
    return {name: np.mean([outputs[name] for outputs in found], axis=0) for name in found[0]}
