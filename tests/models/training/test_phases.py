"""Both phases of training, on crops whose brightness encodes their age."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from agelens.data_prep.batches.augment import Augmentation
from agelens.data_prep.batches.dataset import make_dataset, make_feature_dataset, make_training_dataset
from agelens.data_prep.batches.framed_crop import FramedCrop
from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.images import read_rgb
from agelens.models.network.age_net import backbone_of, build_age_net, build_feature_net, head_of
from agelens.models.network.backbones import unfreeze
from agelens.models.network.heads import HeadConfig, build_head
from agelens.models.training.checkpoint import read_state, write_state
from agelens.models.training.history import EpochRecord, best_epoch, history_table
from agelens.models.training.objective import Objective, compile_model, loss_weights_of, targets_of
from agelens.models.training.phases import PhaseConfig, build_optimizer, fit_phase
from tests.factories import split_rows
from tests.models.small_networks import GROUPS, SIZE, TINY_FEATURES, build_tiny_backbone, write_ages

AGES = [float(age) for age in range(10, 90, 5)]
TABLE = split_rows(len(AGES), ages=AGES)
OUTPUTS = ["age_group", "age"]
TARGETS = targets_of(TABLE, dict.fromkeys(OUTPUTS))
WEIGHTS = loss_weights_of(TABLE, dict.fromkeys(OUTPUTS))
COPIES = np.ones(len(AGES), dtype=np.int64)
STEPS = len(AGES) // 4
FLIPS = Augmentation(shift=0.0, zoom=0.0, rotation_degrees=0.0, brightness=0.0, contrast=0.0, saturation=0.0)


class Spoil(keras.callbacks.Callback):
    """Ruins the head's answer at the start of one epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            age = (self.model if self.model.name == "head" else head_of(self.model)).get_layer("age")
            age.bias.assign(age.bias + 500.0)


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return write_ages(tmp_path_factory.mktemp("crops"), AGES)


@pytest.fixture(scope="module")
def pooled(paths):
    """Features `(1, N, F)` of a frozen tiny backbone, and that backbone."""
    backbone = build_tiny_backbone()
    backbone.trainable = False
    crops = np.stack([read_rgb(path) for path in paths])
    return np.asarray(build_feature_net(backbone)(crops))[None].astype(np.float16), backbone


def new_head():
    keras.utils.set_random_seed(3)
    return build_head(
        HeadConfig(units=16, dropout=0.0, age_head="linear"), features=TINY_FEATURES, groups=GROUPS, start_age=45.0
    )


def fit_head(features, config, **options):
    """Train a head on cached features; return it and its history."""
    head = new_head()
    training, steps = make_feature_dataset(features, TARGETS, weights=WEIGHTS, copies=COPIES, batch_size=4, seed=0)
    compile_model(head, Objective(), optimizer=build_optimizer(config, steps=steps))
    validation = (features[0].astype(np.float32), TARGETS)
    return head, fit_phase(head, training, steps=steps, validation=validation, config=config, phase=1, **options)


def record(epoch, mae):
    return EpochRecord(epoch, 1, 1.0, 1.0, 5.0, mae, 0.5, 0.5, 1e-3)


@pytest.fixture(scope="module")
def trained(pooled, paths):
    """Both phases in a row: the network, both histories, what was heard, and the statistics before and after."""
    features, backbone = pooled
    heard = []
    head, first = fit_head(features, PhaseConfig(epochs=6, learning_rate=1e-2), listener=heard.append)
    network = build_age_net(backbone, head)
    unfreeze(backbone, "block3_conv")
    before = statistics_of(network)
    kernels = {name: backbone.get_layer(name).kernel.numpy() for name in ("block2_conv", "block3_conv")}
    config = PhaseConfig(epochs=4, learning_rate=1e-3, schedule="cosine", weight_decay=1e-4)
    training, steps = make_training_dataset(
        [FramedCrop(path) for path in paths],
        TARGETS,
        weights=WEIGHTS,
        copies=COPIES,
        size=SIZE,
        batch_size=4,
        augmentation=FLIPS,
        views=4,
        seed=0,
    )
    compile_model(network, Objective(), optimizer=build_optimizer(config, steps=steps))
    second = fit_phase(
        network,
        training,
        steps=steps,
        validation=make_dataset([FramedCrop(path) for path in paths], TARGETS, size=SIZE, batch_size=8),
        config=config,
        phase=2,
        first_epoch=len(first),
        listener=heard.append,
    )
    return network, first, second, heard, before, kernels


def statistics_of(network):
    return [
        weight.numpy()
        for layer in backbone_of(network).layers
        if isinstance(layer, keras.layers.BatchNormalization)
        for weight in layer.weights
    ]


def test_both_phases_lower_the_error(trained):
    _, first, second, *_ = trained
    guessing = np.abs(np.array(AGES) - np.median(AGES)).mean()
    assert best_epoch(first).val_age_mae < 0.7 * guessing
    assert best_epoch(second).val_age_mae < 0.9 * best_epoch(first).val_age_mae


def test_the_history_has_both_phases_on_one_axis(trained):
    _, first, second, heard, *_ = trained
    table = history_table([*first, *second])
    assert table["epoch"].tolist() == list(range(1, 11))
    assert table["phase"].tolist() == [1] * 6 + [2] * 4
    assert np.isfinite(table.to_numpy(dtype=float)).all()
    assert heard == [*first, *second]


def test_only_unfrozen_layers_are_trained(trained):
    network, _, _, _, _, kernels = trained
    learnt = {
        name: bool((backbone_of(network).get_layer(name).kernel.numpy() != kernel).any())
        for name, kernel in kernels.items()
    }
    assert learnt == {"block2_conv": False, "block3_conv": True}


def test_batch_normalization_keeps_its_statistics(trained):
    network, _, _, _, before, _ = trained
    after = statistics_of(network)
    assert len(after) == 12
    for now, then in zip(after, before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_the_network_ends_with_the_weights_of_the_best_epoch(pooled):
    features, _ = pooled
    config = PhaseConfig(epochs=3, learning_rate=3e-3)
    head, records = fit_head(features, config, callbacks=[Spoil(2)])
    assert records[2].val_age_mae > 100
    assert best_epoch(records) is records[1]
    age = np.asarray(head(features[0].astype(np.float32))["age"])[:, 0]
    assert np.abs(age - AGES).mean() == pytest.approx(records[1].val_age_mae, rel=1e-3)


def test_patience_stops_early_and_zero_does_not(pooled):
    features, _ = pooled
    hurt = {"callbacks": [Spoil(1)]}
    _, patient = fit_head(features, PhaseConfig(epochs=6, learning_rate=1e-4, patience=2), **hurt)
    assert len(patient) == 3
    _, through = fit_head(features, PhaseConfig(epochs=6, learning_rate=1e-4, patience=0), **hurt)
    assert len(through) == 6


def test_the_rate_of_an_epoch_is_that_of_its_middle_step(pooled):
    """A cosine over 4 epochs of 4 steps, after one step of warm-up: its first step has a twentieth of the rate."""
    features, _ = pooled
    config = PhaseConfig(epochs=4, learning_rate=0.1, schedule="cosine")
    _, history = fit_head(features, config)
    optimizer = build_optimizer(config, steps=STEPS)
    expected = []
    for epoch in range(4):
        optimizer.iterations.assign(epoch * STEPS + STEPS // 2)
        expected.append(float(optimizer.learning_rate))
    assert [record.learning_rate for record in history] == pytest.approx(expected)
    assert history[0].learning_rate > 0.09


def test_plateau_halves_the_rate_after_its_patience(pooled):
    features, _ = pooled
    config = PhaseConfig(epochs=4, learning_rate=1e-4, schedule="plateau", plateau_patience=2)
    _, records = fit_head(features, config, callbacks=[Spoil(1)])
    assert [record.learning_rate for record in records] == pytest.approx([1e-4, 1e-4, 1e-4, 5e-5])


def test_a_diverged_phase_is_an_error_with_advice(pooled):
    features, _ = pooled
    with pytest.raises(ParamsError, match=r"Phase 1 diverged in epoch 1\. Lower train\.phase1\.learning_rate"):
        fit_head(features, PhaseConfig(epochs=3, learning_rate=1e38))


STEADY = PhaseConfig(epochs=5, learning_rate=3e-3, schedule="plateau", plateau_patience=1, average=0.9)


def fit_from(features, config, *, state=None):
    """Train a head with dropout, from a state if there is one; return its weights, its history and its states."""
    keras.utils.set_random_seed(3 if state is None else 99)
    config_of_head = HeadConfig(units=16, dropout=0.5, age_head="linear")
    head = build_head(config_of_head, features=TINY_FEATURES, groups=GROUPS, start_age=45.0)
    options = {"weights": WEIGHTS, "copies": COPIES, "batch_size": 4, "seed": 0}
    steps = len(AGES) // 4
    compile_model(head, Objective(), optimizer=build_optimizer(config, steps=steps))
    states = []
    first_epoch = len(state.records) if state else 0
    records = fit_phase(
        head,
        make_feature_dataset(features, TARGETS, first_epoch=first_epoch, **options)[0],
        steps=steps,
        validation=(features[0].astype(np.float32), TARGETS),
        config=config,
        phase=1,
        state=state,
        keep=states.append,
    )
    return head.get_weights(), records, states


@pytest.mark.parametrize("schedule", ["constant", "plateau", "cosine"])
@pytest.mark.parametrize("average", [0.0, 0.9])
def test_a_resumed_phase_equals_an_uninterrupted_one(pooled, tmp_path, schedule, average):
    features, _ = pooled
    config = replace(STEADY, schedule=schedule, average=average)
    whole, records, states = fit_from(features, config)
    write_state(tmp_path / "phase.npz", states[1], fingerprint="a")
    again, resumed, later = fit_from(features, config, state=read_state(tmp_path / "phase.npz", fingerprint="a"))
    np.testing.assert_allclose(history_table(resumed), history_table(records), rtol=1e-5)
    assert len(later) == len(records) - 2
    for left, right in zip(again, whole, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5)


def test_a_phase_in_half_precision_is_resumed(pooled):
    features, _ = pooled
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        whole, records, states = fit_from(features, STEADY)
        again, resumed, _ = fit_from(features, STEADY, state=states[1])
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert len(resumed) == len(records)
    for left, right in zip(again, whole, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-3, atol=1e-4)


def test_a_training_step_is_traced_once(pooled, monkeypatch):
    features, _ = pooled
    traced, step = [], keras.Model.train_step
    monkeypatch.setattr(keras.Model, "train_step", lambda model, batch: traced.append(1) or step(model, batch))
    fit_from(features, STEADY)
    assert traced == [1]


def test_a_finished_phase_is_not_resumed(pooled):
    features, _ = pooled
    whole, records, states = fit_from(features, STEADY)
    again, same, later = fit_from(features, STEADY, state=states[-1])
    assert (same, later) == (records, [])
    for left, right in zip(again, whole, strict=True):
        np.testing.assert_array_equal(left, right)


def test_the_validated_average_is_kept(pooled):
    features, _ = pooled
    weights, records, states = fit_from(features, replace(STEADY, epochs=1, schedule="constant"))
    (state,) = states
    head = new_head()
    head.set_weights(weights)
    age = np.asarray(head(features[0].astype(np.float32))["age"])[:, 0]
    assert np.abs(age - AGES).mean() == pytest.approx(records[0].val_age_mae, rel=1e-4)
    raw_weights = [value for value in state.model if value.dtype == np.float32]  # the others are dropout's seeds
    for kept, average, raw in zip(weights, state.average, raw_weights, strict=True):
        np.testing.assert_array_equal(kept, average)
        assert (raw != average).any()


def test_a_diverged_phase_leaves_no_state(pooled):
    features, _ = pooled
    states = []
    with pytest.raises(ParamsError, match="diverged"):
        fit_head(features, PhaseConfig(epochs=3, learning_rate=1e38), keep=states.append)
    assert states == []
