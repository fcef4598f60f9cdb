"""Schedules of the learning rate by hand, and the plateau of Keras compared with ours."""

import keras
import numpy as np
import pytest

from agelens.models.network.heads import HeadConfig, build_head
from agelens.models.training.history import EpochRecord, plateau_rate
from agelens.models.training.objective import Objective, compile_model
from agelens.models.training.phases import PhaseConfig, build_optimizer, schedule_callbacks
from tests.models.small_networks import GROUPS, TINY_FEATURES


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", {0: 0.1, 100: 0.1}),
        ("plateau", {0: 0.1, 100: 0.1}),
        # 100 steps, 5 of them to warm up from a twentieth; half way down the cosine after 47.5 more.
        ("cosine", {0: 0.005, 5: 0.1, 100: 0.001, 150: 0.001}),
    ],
)
def test_each_schedule_by_hand(schedule, rates):
    optimizer = build_optimizer(PhaseConfig(epochs=10, learning_rate=0.1, schedule=schedule), steps=10)
    for step, rate in rates.items():
        optimizer.iterations.assign(step)
        assert float(optimizer.learning_rate) == pytest.approx(rate, rel=1e-4)


def test_the_cosine_decreases_to_a_hundredth():
    optimizer = build_optimizer(PhaseConfig(epochs=10, learning_rate=0.1, schedule="cosine"), steps=10)
    rates = []
    for step in range(5, 101):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    assert (np.diff(rates) < 0).all()


@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
def test_weight_decay_is_set_in_the_optimizer(weight_decay):
    optimizer = build_optimizer(PhaseConfig(epochs=1, learning_rate=0.1, weight_decay=weight_decay), steps=1)
    assert optimizer.weight_decay == weight_decay


def test_the_plateau_callback_of_keras_halves_the_rate_at_the_same_epochs():
    head = build_head(HeadConfig(units=4), features=TINY_FEATURES, groups=GROUPS)
    rates, records = [], []
    compile_model(head, Objective(), optimizer=keras.optimizers.AdamW(0.1))
    config = PhaseConfig(epochs=9, learning_rate=0.1, schedule="plateau", plateau_patience=2)
    (callback,) = schedule_callbacks(config)
    callback.set_model(head)
    callback.on_train_begin()
    for epoch, mae in enumerate([9.0, 8.0, 8.0, 7.99995, 8.5, 7.0, 7.2, 7.3, 7.4]):
        logs = {"val_age_mae": mae}
        callback.on_epoch_end(epoch, logs)
        rates.append(float(head.optimizer.learning_rate))
        records.append(EpochRecord(**dict.fromkeys(EpochRecord.__dataclass_fields__, 0) | {"val_age_mae": mae}))
    asked = [plateau_rate(records[: count + 1], rate=0.1, patience=2) for count in range(len(records))]
    assert rates == pytest.approx(asked)
    assert rates[-1] == pytest.approx(0.025)
