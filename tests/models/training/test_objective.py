"""The objective: targets, weights, and the losses of the outputs."""

import keras
import numpy as np
import pytest

from agelens.models.network.heads import HeadConfig, build_head
from agelens.models.training.objective import Objective, compile_model, loss_weights_of, targets_of
from tests.factories import split_rows

FEATURES = np.random.default_rng(2).normal(size=(4, 6)).astype(np.float32)
TABLE = split_rows(4, ages=[30, (10, 40), 5, 70])
OUTPUTS = ("age_group", "age", "age_distribution")
TOLD = TABLE.assign(gender=["male", None, "female", "male"], ethnicity=["Indian", "White", None, "Latino"])


def compiled_head(objective, *, age_head="distribution", rate=0.0, attributes=()):
    keras.utils.set_random_seed(0)
    head = build_head(HeadConfig(units=5, dropout=0.0, age_head=age_head, attributes=attributes), features=6, groups=5)
    compile_model(head, objective, optimizer=keras.optimizers.SGD(rate))
    return head


def evaluated(objective, *, weights=None, age_head="distribution"):
    head = compiled_head(objective, age_head=age_head)
    targets = targets_of(TABLE, head.output)
    return head.evaluate(FEATURES, targets, sample_weight=weights, verbose=0, return_dict=True)


def test_targets_are_intervals_and_groups_in_the_order_of_the_rows():
    targets = targets_of(TABLE, dict.fromkeys(OUTPUTS))
    assert targets.keys() == set(OUTPUTS)
    for name in ("age", "age_distribution"):
        np.testing.assert_array_equal(targets[name], [[30, 30], [10, 40], [5, 5], [70, 70]])
    np.testing.assert_array_equal(targets["age_group"], [2, -1, 0, 4])


def test_only_outputs_of_the_model_have_targets():
    assert targets_of(TABLE, dict.fromkeys(["age_group", "age"])).keys() == {"age_group", "age"}


def test_targets_of_attributes_are_indices_of_their_classes():
    targets = targets_of(TOLD, dict.fromkeys(["gender", "ethnicity"]))
    np.testing.assert_array_equal(targets["gender"], [1, -1, 0, 1])
    np.testing.assert_array_equal(targets["ethnicity"], [3, 0, -1, -1])


@pytest.mark.parametrize("age_head", ["linear", "distribution"])
def test_loss_and_accuracy_of_an_attribute_use_rows_with_a_label(age_head):
    objective = Objective(age_weight=0.0, group_weight=0.0, distribution_weight=0.0, attribute_weights={"gender": 0.4})
    head = compiled_head(objective, age_head=age_head, attributes=("gender",))
    targets, weights = targets_of(TOLD, head.output), loss_weights_of(TOLD.assign(weight=9.0), head.output)
    shares = np.asarray(head(FEATURES)["gender"], dtype=np.float64)
    logs = head.evaluate(FEATURES, targets, sample_weight=weights, verbose=0, return_dict=True)
    cost = -(np.log(shares[0, 1]) + np.log(shares[2, 0]) + np.log(shares[3, 1])) / 4
    assert logs["loss"] == pytest.approx(0.4 * cost, rel=1e-4)
    right = shares.argmax(axis=1) == [1, -1, 0, 1]
    assert logs["gender_accuracy"] == pytest.approx(right[[0, 2, 3]].mean())


def test_rows_without_a_label_do_not_train_the_layer_of_the_attribute():
    objective = Objective(attribute_weights={"gender": 1.0, "ethnicity": 1.0})
    head = compiled_head(objective, rate=0.1, attributes=("gender", "ethnicity"))
    before = head.get_layer("ethnicity").get_weights()
    gender = head.get_layer("gender").get_weights()[0]
    untold = TOLD.assign(ethnicity=TOLD["ethnicity"].where(TOLD["ethnicity"].isna()))
    head.fit(FEATURES, targets_of(untold, head.output), verbose=0)
    for weight, old in zip(head.get_layer("ethnicity").get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)
    assert (head.get_layer("gender").get_weights()[0] != gender).any()


def test_weights_of_rows_apply_to_the_age_only():
    weights = loss_weights_of(TABLE.assign(weight=[0.5, 1.0, 2.0, 0.5]), dict.fromkeys(OUTPUTS))
    np.testing.assert_array_equal(weights["age_group"], [1, 1, 1, 1])
    np.testing.assert_array_equal(weights["age"], [0.5, 1, 2, 0.5])
    np.testing.assert_array_equal(weights["age_distribution"], [0.5, 1, 2, 0.5])


def test_rows_without_a_weight_have_weight_one():
    assert all((values == 1).all() for values in loss_weights_of(TABLE, dict.fromkeys(OUTPUTS)).values())


@pytest.mark.parametrize("age_head", ["linear", "distribution"])
def test_metrics_have_the_names_that_search_and_history_use(age_head):
    logs = evaluated(Objective(), age_head=age_head)
    assert {"loss", "age_mae", "age_group_accuracy"} <= logs.keys()


def test_metrics_are_those_of_the_outputs():
    head = compiled_head(Objective())
    outputs = {name: np.asarray(value) for name, value in head(FEATURES).items()}
    logs = evaluated(Objective())
    age = outputs["age"][:, 0]
    assert logs["age_mae"] == pytest.approx(np.abs(age - [30, 0, 5, 70])[[0, 2, 3]].mean(), rel=1e-4)
    right = outputs["age_group"].argmax(axis=1) == [2, -1, 0, 4]
    assert logs["age_group_accuracy"] == pytest.approx(right[[0, 2, 3]].mean())


def test_the_loss_is_the_weighted_sum_of_the_losses_of_the_outputs():
    only = {"age_weight": 0.0, "group_weight": 0.0, "distribution_weight": 0.0}
    parts = {
        name: evaluated(Objective(**{**only, name: 1.0}))["loss"]
        for name in ("age_weight", "group_weight", "distribution_weight")
    }
    assert min(parts.values()) > 0.5
    total = evaluated(Objective(age_weight=0.2, group_weight=0.5, distribution_weight=3.0))["loss"]
    expected = 0.2 * parts["age_weight"] + 0.5 * parts["group_weight"] + 3 * parts["distribution_weight"]
    assert total == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("kind", "delta"), [("mae", 1.0), ("mse", 1.0), ("huber", 2.0)])
def test_the_configured_age_loss_is_used(kind, delta):
    objective = Objective(age_loss=kind, delta=delta, group_weight=0.0)
    head = compiled_head(objective, age_head="linear")
    age = np.asarray(head(FEATURES)["age"], dtype=np.float64)[:, 0]
    error = np.maximum(np.maximum([30, 10, 5, 70] - age, age - [30, 40, 5, 70]), 0)
    by_hand = {
        "mae": error,
        "mse": error**2,
        "huber": np.where(error <= delta, error**2 / 2, delta * (error - delta / 2)),
    }
    loss = evaluated(objective, age_head="linear")["loss"]
    assert loss == pytest.approx(by_hand[kind].mean(), rel=1e-4)


def test_weights_of_rows_apply_to_the_loss_and_not_to_metrics():
    ones = loss_weights_of(TABLE, dict.fromkeys(OUTPUTS))
    heavy = {**ones, "age": np.array([3, 3, 3, 3], np.float32)}
    objective = Objective(group_weight=0.0, distribution_weight=0.0)
    plain, weighted = (evaluated(objective, weights=weights) for weights in (ones, heavy))
    assert weighted["loss"] == pytest.approx(3 * plain["loss"], rel=1e-5)
    assert weighted["age_mae"] == pytest.approx(plain["age_mae"], rel=1e-6)


def test_a_group_weight_of_zero_leaves_the_group_layer_untrained():
    head = compiled_head(Objective(group_weight=0.0), rate=0.1)
    before = [np.array(weight) for weight in head.get_layer("age_group").get_weights()]
    dense = head.get_layer("dense").kernel.numpy()
    head.fit(FEATURES, targets_of(TABLE, head.output), verbose=0)
    for weight, old in zip(head.get_layer("age_group").get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)
    assert (head.get_layer("dense").kernel.numpy() != dense).any()


def test_compiling_leaves_the_weights_and_the_metrics_as_they_were():
    head = compiled_head(Objective())
    keras.utils.set_random_seed(0)
    bare = build_head(HeadConfig(units=5, dropout=0.0), features=6, groups=5)
    for weights, same in zip(head.get_weights(), bare.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, same)
    assert all(float(np.sum(variable)) == 0 for metric in head.metrics for variable in metric.variables)


def test_steps_per_execution_does_not_change_the_training():
    weights = []
    for together in (1, 4):
        head = compiled_head(Objective())
        compile_model(head, Objective(), optimizer=keras.optimizers.AdamW(0.01), steps_per_execution=together)
        head.fit(FEATURES, targets_of(TABLE, head.output), epochs=3, batch_size=1, shuffle=False, verbose=0)
        weights.append(np.concatenate([array.ravel() for array in head.get_weights()]))
    np.testing.assert_allclose(weights[0], weights[1], atol=1e-5)
