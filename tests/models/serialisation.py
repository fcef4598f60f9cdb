"""What every loss and metric of ours must survive, or a saved network cannot be loaded again."""

import json
from typing import Any

import keras


def assert_serialises(thing: Any) -> Any:
    """Write a Keras object as JSON, read it back, check that it has the same settings, and return the copy."""
    text = json.dumps(keras.saving.serialize_keras_object(thing))
    copy = keras.saving.deserialize_keras_object(json.loads(text))
    assert type(copy) is type(thing)
    assert copy.get_config() == thing.get_config()
    assert copy.name == thing.name
    return copy
