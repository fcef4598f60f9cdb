"""Any params.yaml is read, or is an error of one line that names a key."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.config.params import read_params
from tests.locations import ROOT

DEMO = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))

values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


def places(content, path=()):
    """Yield the path of every value of nested mappings."""
    for name, value in content.items():
        yield (*path, name)
        if isinstance(value, dict):
            yield from places(value, (*path, name))


def changed(content, path, value):
    """Return a copy with another value at a path."""
    name, *rest = path
    return {**content, name: changed(content[name], rest, value) if rest else value}


def error_of(path: Path) -> str:
    """Return the message of the error with which a file is refused, if it is."""
    try:
        read_params(path)
    except ParamsError as error:
        return str(error)
    return ""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "params.yaml"


@given(place=st.sampled_from(sorted(places(DEMO), key=str)), value=values)
def test_any_value_of_any_key_is_read_or_refused_in_one_line(path, place, value):
    path.write_text(yaml.safe_dump(changed(DEMO, place, value), allow_unicode=True), encoding="utf-8")
    message = error_of(path)
    assert "\n" not in message
    assert len(message) < 2000


@given(content=values)
def test_any_other_content_is_refused_in_one_line(path, content):
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ParamsError) as caught:
        read_params(path)
    assert "\n" not in str(caught.value)


@given(content=st.binary(max_size=60))
def test_any_bytes_are_refused_in_one_line(path, content):
    path.write_bytes(content)
    assert "\n" not in error_of(path)
