"""State files with a hash: any change is noticed, and files of an earlier version are accepted."""

import json

import pytest

from agelens.tuning.state_files import DamagedState, read_hashed, with_hash
from tests.damage import DAMAGES

STATE = {"trials": ["0", "1"], "score": 4.25, "pair": (1, 2)}


def test_a_state_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(with_hash(STATE)))
    assert read_hashed(path) == {**STATE, "pair": [1, 2]}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_noticed(tmp_path, name):
    path = tmp_path / "a.json"
    path.write_bytes(DAMAGES[name](json.dumps(with_hash(STATE)).encode()))
    with pytest.raises(DamagedState, match=r"a\.json"):
        read_hashed(path)


def test_another_value_is_noticed(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(with_hash(STATE)).replace("4.25", "3.25"))
    with pytest.raises(DamagedState):
        read_hashed(path)


def test_a_file_without_a_hash_is_of_an_earlier_version(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"score": 1}))
    assert read_hashed(path) == {"score": 1}
