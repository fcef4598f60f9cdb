"""Details of a history: losses of outputs, CS@5 and MAE by band, of the model as it was validated."""

from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest

from agelens.data_prep.batches.dataset import make_feature_dataset
from agelens.data_prep.core.age_bands import band_names
from agelens.models.network.heads import HeadConfig, build_head
from agelens.models.training.history import best_epoch
from agelens.models.training.keras_metrics import AgeErrors
from agelens.models.training.objective import Objective, compile_model, loss_weights_of, targets_of
from agelens.models.training.phases import PhaseConfig, build_optimizer, fit_phase
from tests.factories import split_rows
from tests.models.small_networks import GROUPS

AGES = np.arange(10.0, 90.0, 5.0)
FEATURES = np.random.default_rng(2).normal(size=(1, len(AGES), 6)).astype(np.float16)
CONFIG = PhaseConfig(epochs=3, learning_rate=1e-2, average=0.9)


def train(errors=None):
    """Train a head with dropout for three epochs; return it and its history."""
    keras.utils.set_random_seed(3)
    config = HeadConfig(units=16, dropout=0.3, age_head="linear")
    head = build_head(config, features=FEATURES.shape[-1], groups=GROUPS, start_age=45.0)
    table = split_rows(len(AGES), ages=AGES.tolist())
    targets = targets_of(table, head.output)
    training, steps = make_feature_dataset(
        list(FEATURES),
        targets,
        weights=loss_weights_of(table, head.output),
        copies=np.ones(len(AGES), dtype=np.int64),
        batch_size=4,
        seed=0,
    )
    compile_model(head, Objective(), optimizer=build_optimizer(CONFIG, steps=steps), errors=errors)
    validation = (FEATURES[0].astype(np.float32), targets)
    return head, fit_phase(head, training, steps=steps, validation=validation, config=CONFIG, phase=1, errors=errors)


@pytest.fixture(scope="module")
def trained():
    return train(AgeErrors())


def test_details_change_neither_weights_nor_the_other_figures(trained):
    (plain, without), (detailed, records) = train(), trained
    assert [record.details for record in without] == [{}, {}, {}]
    assert without == [replace(record, details={}) for record in records]
    for before, after in zip(plain.get_weights(), detailed.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_details_are_the_errors_of_the_averaged_weights_that_were_validated(trained):
    head, records = trained
    details = best_epoch(records).details
    errors = np.abs(head.predict(FEATURES[0].astype(np.float32), verbose=0)["age"][:, 0] - AGES)
    bands = pd.Series(errors).groupby(band_names(AGES)).mean()
    found = {name: value for name, value in details.items() if name.startswith("val_mae/")}
    assert found == pytest.approx({f"val_mae/{band}": mae for band, mae in bands.items()}, rel=1e-4)
    assert len(found) == 8
    assert details["val_age_cs5"] == pytest.approx((errors <= 5).mean())
    assert details["val_loss/age"] == pytest.approx(errors.mean(), rel=1e-4)
    assert details.keys() - found.keys() == {"age_cs5", "val_age_cs5", "val_loss/age", "val_loss/age_group"}


def test_details_come_after_the_figures_that_are_read_first(trained):
    """Viewers sort figures by name, and show the first dozen."""
    _, records = trained
    names = sorted(records[-1].as_row())
    assert {"age_mae", "learning_rate", "loss", "val_age_mae", "val_age_cs5", "val_loss"} <= set(names[:12])
