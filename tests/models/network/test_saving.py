"""Equal networks are equal files, whenever they are saved."""

import zipfile
from datetime import datetime
from pathlib import Path

import keras
import numpy as np
import pytest
from keras.src.saving import saving_lib

from agelens.models.network.saving import number_shared_objects, save_network


@pytest.fixture
def network() -> keras.Model:
    return keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])


def test_files_of_two_times_are_equal(network: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Later":
            return cls(2030, 1, 2)

    save_network(network, tmp_path / "now.keras")
    monkeypatch.setattr(saving_lib, "datetime", type("datetime", (), {"datetime": Later}))
    network.save(tmp_path / "plain.keras")
    with zipfile.ZipFile(tmp_path / "plain.keras") as plain:
        assert b"2030" in plain.read("metadata.json")  # Keras takes the time from there
    save_network(network, tmp_path / "later.keras")
    assert (tmp_path / "later.keras").read_bytes() == (tmp_path / "now.keras").read_bytes()


def test_a_saved_network_is_read_back(network: keras.Model, tmp_path: Path) -> None:
    save_network(network, tmp_path / "folder/net.keras")
    again = keras.saving.load_model(tmp_path / "folder/net.keras")
    row = np.array([[1.0, 2.0, 3.0]], np.float32)
    np.testing.assert_array_equal(again(row), network(row))
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["net.keras"]


def test_other_weights_are_another_file(network: keras.Model, tmp_path: Path) -> None:
    save_network(network, tmp_path / "one.keras")
    network.layers[0].bias.assign([1.0, 2.0])
    save_network(network, tmp_path / "two.keras")
    assert (tmp_path / "one.keras").read_bytes() != (tmp_path / "two.keras").read_bytes()


def test_networks_that_are_built_twice_are_equal_files(tmp_path: Path) -> None:
    files = []
    kept = []  # so that the second network is at another place in memory
    for name in ("one.keras", "two.keras"):
        keras.utils.clear_session()
        policy = keras.dtype_policies.DTypePolicy("float32")  # one object in several layers
        layers = [keras.layers.Dense(2, dtype=policy, kernel_initializer="ones") for _ in range(2)]
        kept.append(keras.Sequential([keras.layers.Input((3,)), *layers], name="net"))
        save_network(kept[-1], tmp_path / name)
        files.append((tmp_path / name).read_bytes())
    with zipfile.ZipFile(tmp_path / "one.keras") as saved:
        assert b'"shared_object_id": 1}' in saved.read("config.json")
    assert files[0] == files[1]


def test_shared_objects_stay_shared() -> None:
    config = '[{"shared_object_id": 140170}, {"shared_object_id": 7}, {"shared_object_id": 140170}, {"units": 140170}]'
    expected = '[{"shared_object_id": 1}, {"shared_object_id": 2}, {"shared_object_id": 1}, {"units": 140170}]'
    assert number_shared_objects(config) == expected
