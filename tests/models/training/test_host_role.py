"""The role of a process is read from TF_CONFIG, and what TensorFlow would misread is refused."""

import json

import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.models.training.host_role import EXAMPLE, HostRole, read_host_role

WORKERS = ["10.0.0.1:1", "10.0.0.2:1"]


def test_a_process_without_a_role_trains_alone():
    assert read_host_role({}) == read_host_role({"TF_CONFIG": ""}) == HostRole(0, 1)


def test_the_first_worker_is_the_chief():
    assert read_host_role({"TF_CONFIG": EXAMPLE}) == HostRole(0, 2)
    second = read_host_role({"TF_CONFIG": EXAMPLE.replace('"index": 0', '"index": 1')})
    assert (second.index, second.is_chief) == (1, False)


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "7",
        json.dumps({"cluster": {"worker": WORKERS}}),
        json.dumps({"cluster": {"worker": WORKERS}, "task": {"type": "worker", "index": 2}}),
        json.dumps({"cluster": {"worker": WORKERS}, "task": {"type": "worker", "index": -1}}),
        json.dumps({"cluster": {"worker": WORKERS}, "task": {"type": "chief", "index": 0}}),
        json.dumps({"cluster": {"worker": WORKERS, "ps": ["a:1"]}, "task": {"type": "worker", "index": 0}}),
    ],
)
def test_other_content_is_refused_with_an_example(content):
    with pytest.raises(ParamsError, match=r"TF_CONFIG must name all workers.*Received") as caught:
        read_host_role({"TF_CONFIG": content})
    assert EXAMPLE in str(caught.value)
