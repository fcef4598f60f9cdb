"""TensorFlow's messages that are no use to a user do not reach the terminal."""

import subprocess
import sys
from pathlib import Path

import pytest

RETRACE = """
import sys
if {quietly}:
    from agelens.pipeline.commands.quiet_import import import_quietly
    tf = import_quietly("tensorflow")
else:
    import tensorflow as tf
tf.zeros(1)
retraced = tf.function(lambda value: value)
for value in range(8):  # each Python number is traced
    retraced(value)
import logging
logging.getLogger("tensorflow").warning("another warning")
"""


@pytest.mark.parametrize("quietly", [True, False])
def test_warnings_about_retracing_are_hidden_and_others_are_not(quietly: bool, tmp_path: Path) -> None:
    words = [sys.executable, "-c", RETRACE.format(quietly=quietly)]
    shown = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stderr
    assert ("retracing" in shown) is not quietly
    assert "another warning" in shown
    assert ("cuInit" in shown) <= (not quietly)  # the search for a GPU
