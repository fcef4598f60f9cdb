"""The history: records from the logs of Keras, and what follows from them, by hand."""

import keras
import numpy as np
import pytest

from agelens.models.network.heads import HeadConfig, build_head
from agelens.models.training.history import (
    COLUMNS,
    EpochRecord,
    HistoryRecorder,
    best_epoch,
    epochs_without_improvement,
    history_table,
    plateau_rate,
)


def record(epoch, mae):
    return EpochRecord(epoch, 1, 1.0, 1.0, 5.0, mae, 0.5, 0.5, 1e-3)


def records(*maes):
    return [record(epoch, mae) for epoch, mae in enumerate(maes, start=4)]


def test_the_best_epoch_is_the_first_of_equal_ones():
    assert best_epoch([record(1, 6.0), record(2, 5.0), record(3, 5.0)]).epoch == 2


def test_an_empty_history_is_a_table_with_all_columns():
    assert history_table([]).columns.tolist() == list(COLUMNS)


def test_missing_logs_are_not_a_number():
    head = build_head(HeadConfig(units=2, age_head="linear"), features=3, groups=2)
    head.compile(optimizer=keras.optimizers.SGD(0.5), loss={"age": "mae", "age_group": None})
    recorder = HistoryRecorder(phase=2, first_epoch=3, listener=lambda _: None)
    recorder.set_model(head)
    recorder.on_epoch_begin(0)
    recorder.on_epoch_end(0, {"loss": 2.0})
    (only,) = recorder.records
    assert (only.epoch, only.phase, only.loss, only.learning_rate) == (4, 2, 2.0, 0.5)
    assert np.isnan(only.val_age_mae)


def test_details_are_columns_after_the_others():
    table = history_table([EpochRecord(*range(1, 10), {"val_age_cs5": 0.5, "val_mae/20-29": 3.0})])
    assert table.columns.tolist() == [*COLUMNS, "val_age_cs5", "val_mae/20-29"]
    assert table.iloc[0].tolist() == [*range(1, 10), 0.5, 3.0]


@pytest.mark.parametrize(
    ("maes", "waited"), [((), 0), ((5.0,), 0), ((5.0, 4.0), 0), ((4.0, 5.0), 1), ((5.0, 4.0, 4.0, 4.5), 2)]
)
def test_epochs_without_improvement_by_hand(maes, waited):
    assert epochs_without_improvement(records(*maes)) == waited


@pytest.mark.parametrize(
    ("maes", "rate"),
    [
        ((), 0.8),
        ((5.0, 4.0, 3.0), 0.8),
        ((5.0, 5.0), 0.8),
        ((5.0, 5.0, 5.0), 0.4),  # two epochs without gain
        ((5.0, 5.0, 4.99985), 0.8),
        ((5.0, 5.0, 4.99995), 0.4),  # less than the least gain
        ((5.0, 6.0, 4.0, 6.0), 0.8),  # an improvement restarts the count
        ((5.0, 6.0, 6.0, 6.0), 0.4),  # and so does a halving
        ((5.0, 6.0, 6.0, 6.0, 6.0), 0.2),
    ],
)
def test_the_rate_on_a_plateau_by_hand(maes, rate):
    assert plateau_rate(records(*maes), rate=0.8, patience=2) == pytest.approx(rate)
