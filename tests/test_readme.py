"""The Python example of the README runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from agelens.data_prep.core.images import write_jpeg
from agelens.data_prep.synthetic.photo import make_detector_examples
from tests.locations import ROOT

(EXAMPLE,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)


def run_example(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", EXAMPLE], cwd=folder, capture_output=True, text=True, check=False)


def test_the_example_has_at_most_ten_lines() -> None:
    assert len([line for line in EXAMPLE.splitlines() if line]) <= 10


def test_the_example_prints_one_line_per_face(tmp_path: Path) -> None:
    *_, (photo, boxes) = make_detector_examples(17, seed=1)
    write_jpeg(tmp_path / "photo.jpg", photo)
    ran = run_example(tmp_path)
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert len(lines) == len(boxes) == 3
    assert [line for line in lines if not re.match(r"\d+\.\d years \(\d+ to \d+\), age group \d", line)] == []


@pytest.mark.parametrize("content", [None, b"not an image"])
def test_the_example_reports_a_file_that_cannot_be_read(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "photo.jpg").write_bytes(content)
    ran = run_example(tmp_path)
    assert ran.returncode == 1
    assert ran.stderr.startswith("photo.jpg: ")
    assert ran.stderr.count("\n") == 1
