"""Files that once caused a fault, and a fixed sample of changed files, give an answer or an expected error."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.fuzz.mutate import mutate, seed_images, seed_texts
from benchmarks.fuzz.run import run_batch, save
from benchmarks.fuzz.targets import run_target
from tests.locations import ROOT

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # as the decoder does; pytest resets filters

CORPUS = sorted(path for path in (ROOT / "tests/corpus").glob("*") if path.is_file())
EXPECTED = {"ok", "ImageError", "WeightsError", "DataError"}


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_a_file_of_the_corpus_is_no_fault(path: Path) -> None:
    assert run_target(path) in EXPECTED


def test_unchanged_files_are_read(tmp_path: Path) -> None:
    for name, content in {**seed_images(), **seed_texts()}.items():
        (tmp_path / name).write_bytes(content)
        assert run_target(tmp_path / name) == "ok", name


def test_changed_files_are_no_faults(tmp_path: Path) -> None:
    seeds, rng = {**seed_images(), **seed_texts()}, np.random.default_rng(1)
    outcomes = set()
    for name, content in seeds.items():
        for number in range(8):
            path = tmp_path / f"{number}_{name}"
            path.write_bytes(mutate(content, list(seeds.values()), rng))
            outcomes.add(run_target(path))
    assert {"ok", "ImageError"} <= outcomes <= EXPECTED


def test_equal_seeds_give_equal_changes() -> None:
    content = seed_images()["plain.jpg"]
    first, second = (mutate(content, [content], np.random.default_rng(3)) for _ in range(2))
    assert first == second != content


def test_a_process_that_dies_is_a_fault_of_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [tmp_path / name for name in ("a.jpg", "b.jpg", "c.jpg")]

    def run_process(left: list[Path]) -> tuple[dict[str, str], str, str]:
        if left[0].name == "a.jpg":
            return {"a.jpg": "ok"}, "b.jpg", "status -11: "
        return {path.name: "ok" for path in left}, left[-1].name, ""

    monkeypatch.setattr("benchmarks.fuzz.run._run_process", run_process)
    outcomes = {path.name: outcome for path, outcome in run_batch(files)}
    assert outcomes == {"a.jpg": "ok", "b.jpg": "fault: status -11: ", "c.jpg": "ok"}
    files[0].write_bytes(b"content")
    assert save(files[0], tmp_path / "corpus", name="0_a.jpg").read_bytes() == b"content"
