"""The moving average of the weights, by hand."""

import keras
import numpy as np
import pytest

from agelens.models.training.weight_averaging import WeightAverage


@pytest.fixture
def model():
    """Return a compiled model of one weight, which is 0."""
    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")(inputs))
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    return model


def weight(model):
    return float(model.get_weights()[0].item())


def average_over(model, values, *, momentum, start=()):
    average = WeightAverage(momentum, values=[np.array([[value]], dtype=np.float32) for value in start])
    average.set_model(model)
    average.on_train_begin()
    for step, value in enumerate(values, start=1):
        model.set_weights([np.array([[value]])])
        model.optimizer.iterations.assign(step)
        average.on_train_batch_end(step)
    return average


@pytest.mark.parametrize(
    ("values", "momentum", "start", "expected"),
    [
        ([], 0.5, [], 0.0),
        ([4.0], 0.1, [], 3.6),  # 0.1 * 0 + 0.9 * 4
        ([4.0, 4.0], 0.1, [], 3.96),
        ([4.0], 0.1, [2.0], 3.8),  # resumes from a stored average
        ([11.0], 0.999, [], 9.0),  # the first step keeps 2 / 11, however high the momentum
    ],
)
def test_the_average_by_hand(model, values, momentum, start, expected):
    average = average_over(model, values, momentum=momentum, start=start)
    assert average.values[0].item() == pytest.approx(expected)


def test_validation_uses_the_average_until_the_weights_are_restored(model):
    average = average_over(model, [4.0], momentum=0.1)
    assert weight(model) == pytest.approx(4.0)
    for _ in range(2):  # a second validation changes nothing
        average.on_test_begin()
        assert weight(model) == pytest.approx(3.6)
    for _ in range(2):
        average.restore()
        assert weight(model) == pytest.approx(4.0)
