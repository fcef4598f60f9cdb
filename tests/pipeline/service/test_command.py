"""`agelens serve` as users run it, and the call of the README."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.commands.servers import check_rate
from tests.free_port import free_port
from tests.locations import ROOT


@pytest.fixture
def service():
    port = free_port()
    words = [sys.executable, "-m", "agelens", "serve", "--port", str(port)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "agelens" in line and "serves" in line:
                break
        yield port
        process.terminate()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_call_of_the_readme_gives_the_age_of_a_face(service, tmp_path, company):
    (tmp_path / "photo.jpg").write_bytes(company)
    line = re.search(r"^curl .*/predict$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert line is not None
    words = shlex.split(line[0].replace(":8000", f":{service}"))
    options = ["--silent", "--retry", "20", "--retry-connrefused", "--retry-delay", "1"]
    answer = subprocess.run([words[0], *options, *words[1:]], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert len(json.loads(answer.stdout)["faces"]) == 3


@pytest.mark.parametrize("rate", ["many", "10", "10/fortnight"])
def test_a_rate_that_cannot_be_read_is_one_line(rate):
    with pytest.raises(ParamsError, match="--rate must be"):
        check_rate(rate)


def test_the_name_of_a_model_cannot_control_the_terminal(agelens, monkeypatch, predictor):
    named = SimpleNamespace(card=replace(predictor.card, name="a\x1b[2Jb"))
    monkeypatch.setattr("agelens.AgePredictor.load", lambda _: named)
    monkeypatch.setattr("agelens.pipeline.service.app.create_service", lambda *_, **__: None)
    monkeypatch.setattr("uvicorn.run", lambda *_, **__: None)
    status, _, err = agelens("serve")
    assert status == 0
    assert r"serves a\x1b[2Jb at http://127.0.0.1:8000/docs" in err
    assert "\x1b" not in err


@pytest.mark.parametrize("megabytes", ["inf", "nan", "0", "1e9"])
def test_the_largest_request_is_finite(megabytes, agelens):
    status, _, err = agelens("serve", "--max-megabytes", megabytes)
    assert status == 2
    assert "--max-megabytes" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("rate", ["", "120/minute", "5/second", "10 per hour"])
def test_rates_are_read(rate):
    check_rate(rate)
