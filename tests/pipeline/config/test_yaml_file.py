"""Every fault of a YAML file is one line that names the file, and no fault takes memory."""

import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.config.params import read_params
from agelens.pipeline.config.yaml_file import MAX_BYTES, read_yaml
from tests.locations import ROOT

LEVELS = "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)
)
BOMB = f"a: &a [x, x, x, x, x, x, x, x, x]\n{LEVELS}seed: *h\n"

FAULTS = {
    "latin-1": ("name: é\n".encode("latin-1"), "must be text in UTF-8. Byte 6 is not"),
    "utf-16": ("seed: 1\n".encode("utf-16"), "must be text in UTF-8"),
    "a key twice": (b"seed: 1\nsplit:\n  train: 0.8\nseed: 2\n", "the key seed occurs twice"),
    "a nested key twice": (b"split:\n  train: 0.8\n  train: 0.9\n", "the key train occurs twice"),
    "5,000 digits": (b"seed: " + b"9" * 5000, "is not YAML: Exceeds the limit"),
    "5,000 brackets": (b"[" * 5000, "nests hundreds of lists"),
    "a null byte": (b"seed: \x00", "is not YAML"),
    "a list as key": (b"? [a]\n: 1\n", "is not YAML"),
    "too large": (b"#" * (MAX_BYTES + 1), "at most 1,000,000 bytes"),
}


@pytest.mark.parametrize(("content", "words"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_one_line(content, words, tmp_path):
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    with pytest.raises(ParamsError) as caught:
        read_yaml(path)
    line = str(caught.value)
    assert line.startswith(str(path))
    assert words in line
    assert "\n" not in line
    assert len(line) < 500


def test_a_value_of_millions_of_items_makes_a_short_message(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(BOMB)
    with pytest.raises(ParamsError) as caught:
        read_params(path)
    assert len(str(caught.value)) < 1000


def test_a_byte_order_mark_is_accepted(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + (ROOT / "params/demo.yaml").read_bytes())
    assert read_params(path) == read_params(ROOT / "params/demo.yaml")


def test_merge_keys_may_repeat(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: &a {x: 1}\nb: &b {y: 2}\nc:\n  <<: *a\n  <<: *b\n")
    assert read_yaml(path)["c"] == {"x": 1, "y": 2}
