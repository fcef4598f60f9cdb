"""Models are published to a stand-in of the hub and loaded from it; damaged and foreign repositories are refused."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from agelens.data_prep.core.hashing import file_hash
from agelens.models.serving.model_files import MODEL_FILES
from agelens.weights.defaults import AGE_MODEL
from tests.locations import ROOT
from tests.models.hub.local_hub import LocalHub, local_hub

pytest.importorskip("huggingface_hub", reason="the extra hub is not installed")

REPOSITORY = "anna/faces"
LOAD = """
import sys
from agelens import AgePredictor, AgelensError
try:
    print(AgePredictor.load(sys.argv[1]).card.name)
except AgelensError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    with local_hub() as started:
        yield started


@pytest.fixture
def run(hub: LocalHub, tmp_path: Path) -> Run:
    """Return a function that runs Python with the stand-in as the hub: huggingface_hub reads it when it is imported."""

    def run_python(*words: str, **changes: str) -> subprocess.CompletedProcess[str]:
        own = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "cache"), "HF_TOKEN": "token"}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        environment = {**inherited, **own, "HF_HUB_DISABLE_PROGRESS_BARS": "1", **changes}
        words = (sys.executable, *words)
        return subprocess.run(words, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)

    return run_python


@pytest.fixture
def published(hub: LocalHub) -> str:
    """Put the bundled model on the hub and return its commit."""
    return hub.commit(REPOSITORY, {path.name: path.read_bytes() for path in AGE_MODEL.iterdir() if path.is_file()})


def test_a_published_model_is_loaded_by_its_revision_and_hash(run: Run, hub: LocalHub, tmp_path: Path) -> None:
    ran = run("-m", "agelens", "publish", REPOSITORY, "--model", "bundled")
    assert ran.returncode == 0, ran.stderr
    (commit,) = hub.repositories[REPOSITORY]
    address = f"hf://{REPOSITORY}@{commit}#{file_hash(AGE_MODEL / 'model.json')}"
    assert ran.stdout.strip() == address
    assert hub.repositories[REPOSITORY][commit].keys() == {
        *("model.json", *MODEL_FILES),
        *("README.md", "LICENSE", "SHA256SUMS"),
    }
    loaded = run("-c", LOAD, address)
    assert loaded.stdout.strip() == json.loads((AGE_MODEL / "model.json").read_text())["name"], loaded.stderr
    assert not any("README" in request for request in hub.requests if "resolve" in request)
    checked = subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=tmp_path / "published", check=False)
    assert checked.returncode == 0


def test_the_page_has_metadata_figures_limits_and_licence(run: Run, hub: LocalHub, tmp_path: Path) -> None:
    ran = run("-m", "agelens", "publish", REPOSITORY, "--model", "bundled", "--dry-run", "--to", "page")
    assert ran.returncode == 0, ran.stderr
    assert hub.requests == []
    page, card = (tmp_path / "page/README.md").read_text(), json.loads((AGE_MODEL / "model.json").read_text())
    _, metadata, text = page.split("---\n", 2)
    found = yaml.safe_load(metadata)
    assert (found["license"], found["license_link"], found["library_name"]) == ("other", "LICENSE", "agelens")
    (result,) = found["model-index"][0]["results"]
    values = {metric["type"]: metric["value"] for metric in result["metrics"]}
    assert values["mae"] == pytest.approx(card["test_metrics"]["mae"], abs=1e-4)
    assert values["coverage"] == pytest.approx(card["test_metrics"]["coverage"], abs=1e-4)
    assert f"| MAE, years | {card['test_metrics']['mae']:.2f} |" in text
    assert card["intended_use"] in text
    assert card["licence"][1:] in text
    assert f'AgePredictor.load("hf://{REPOSITORY}")' in text


def test_a_folder_with_other_files_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/photo.jpg").write_bytes(b"photo")
    ran = run("-m", "agelens", "publish", REPOSITORY, "--model", "bundled", "--dry-run", "--to", "photos")
    assert ran.returncode == 1
    assert "photos must be absent, or a folder that `agelens publish` wrote" in ran.stderr
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["photo.jpg"]


def test_a_model_in_the_cache_is_loaded_without_a_network(run: Run, published: str) -> None:
    address = f"hf://{REPOSITORY}@{published}"
    assert run("-c", LOAD, address).returncode == 0
    for changes in ({"HF_ENDPOINT": "http://127.0.0.1:9"}, {"HF_HUB_OFFLINE": "1"}):
        loaded = run("-c", LOAD, address, **changes)
        assert loaded.returncode == 0, loaded.stderr


@pytest.mark.parametrize(
    ("address", "changes", "reason"),
    [
        ("hf://anna/other", {}, "is not there, or is private"),
        (f"hf://{REPOSITORY}@v9", {}, "has no such revision"),
        (f"hf://{REPOSITORY}#{'0' * 64}", {}, "must have the SHA-256 0000"),
        (f"hf://{REPOSITORY}", {"HF_ENDPOINT": "http://127.0.0.1:9"}, "cannot be reached, and there is no copy"),
    ],
)
def test_what_cannot_be_loaded_is_one_line(run: Run, published: str, address: str, changes: dict, reason: str) -> None:
    loaded = run("-c", LOAD, address, **changes)
    assert loaded.returncode == 1
    assert published
    (line,) = [line for line in loaded.stderr.splitlines() if line.strip()]
    assert line.startswith("WeightsError: ")
    assert reason in line


def damaged(card: dict) -> dict[str, dict | bytes]:
    """Return replacements of files of a repository, by what is wrong with them."""
    files = card["files"]
    return {
        "no hashes": {**card, "files": {}},
        "a hash is missing": {**card, "files": {name: files[name] for name in list(files)[:2]}},
        "another name": {**card, "files": {**files, "../../outside": files["age_net.bin"]}},
        "another file": {**card, "files": {**files, "age_net.bin": "0" * 64}},
        "no card": b"\x80\x04pickle",
        "a large card": b" " * 1_000_001,
    }


CARD = json.loads((AGE_MODEL / "model.json").read_text())


@pytest.mark.parametrize("name", damaged(CARD))
def test_a_repository_that_is_no_model_is_refused(run: Run, hub: LocalHub, published: str, name: str) -> None:
    content = damaged(CARD)[name]
    hub.commit(REPOSITORY, {"model.json": content if isinstance(content, bytes) else json.dumps(content).encode()})
    loaded = run("-c", LOAD, f"hf://{REPOSITORY}")
    assert published
    assert loaded.returncode == 1
    assert loaded.stderr.count("WeightsError: ") == 1
    assert "Traceback" not in loaded.stderr
    if name != "another file":
        assert not any("age_net" in request for request in hub.requests)


def test_the_command_says_which_extra_it_needs() -> None:
    hide = "import sys; sys.modules['huggingface_hub'] = None\n"
    ran = subprocess.run(
        [sys.executable, "-c", hide + LOAD, f"hf://{REPOSITORY}"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert "needs: pip install 'agelens[hub]'" in ran.stderr
