"""DVC runs the pipeline: it resumes after a kill, repeats nothing, and shows metrics and plots."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from agelens.data_prep.synthetic.collection import write_synthetic
from tests.data_prep.sources.s3_server import BUCKET, Bucket, s3_server
from tests.locations import ROOT

PACKAGES = ("agelens", "data_prep", "models", "tuning", "weights", "pipeline")
TABLES = (
    *(f"data/{name}.csv" for name in ("manifest", "manifest_rejected", "faces", "faces_rejected", "grouped")),
    *(f"data/{name}.csv" for name in ("grouped_rejected", "splits/train", "splits/val", "splits/test")),
)
PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"GIF8", b"BM")
"""How files of pictures begin."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make a small checkout: the current code, 120 drawn faces, an untrained tiny backbone."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "trained", "exported", "pretrained")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("dvc.yaml", ".dvcignore"):
        shutil.copyfile(ROOT / name, folder / name)
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8")
    (folder / ".gitignore").write_text(f"{ignored}/raw/\n", encoding="utf-8")  # users do not commit photographs either
    write_synthetic(folder / "raw", count=120, seed=1, size=160)
    content = yaml.safe_load((ROOT / "params/demo.yaml").read_text())
    content["sources"] = {"synthetic": {"path": "raw"}}
    content["split"] |= {"train": 0.6, "val": 0.2, "test": 0.2}
    content["crop_faces"]["size"] = 64
    content["model"] |= {"backbone": "tiny", "weights": "none"}
    content["tune"] |= {"max_epochs": 2, "batch_size": 16}
    content["tune"] |= {"retrain": {"top": 1, "seeds": 1}, "space": {"units": [8, 16]}}
    content["train"]["phase1"] |= {"epochs": 2, "batch_size": 16}
    content["train"]["phase2"] |= {"epochs": 1, "batch_size": 16}
    (folder / "params.yaml").write_text(yaml.safe_dump(content))
    git(folder, "init", "--quiet")
    dvc(folder, "init", "--quiet")
    shutil.copytree(ROOT / ".dvc/plots", folder / ".dvc/plots")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def dvc_command(*words: str) -> list[str]:
    return [str(Path(sys.executable).with_name("dvc")), *words]


def environment() -> dict[str, str]:
    """Return an environment with this `python`, without W&B runs and without DVC's analytics."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "WANDB_MODE": "disabled", "DVC_NO_ANALYTICS": "1"}


def dvc(folder: Path, *words: str) -> str:
    done = subprocess.run(
        dvc_command(*words), cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def agelens(folder: Path, *words: str) -> str:
    words = (sys.executable, "-m", "agelens", *words)
    return subprocess.run(words, cwd=folder, env=environment(), capture_output=True, text=True, check=True).stdout


def tables_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in TABLES}


def crops_of(folder: Path) -> dict[str, bytes]:
    crops = folder / "data/crops"
    return {path.relative_to(crops).as_posix(): path.read_bytes() for path in crops.rglob("*.jpg")}


def kill_while_cropping(folder: Path) -> int:
    """Start `dvc repro split`, kill all its processes after some crops, and return the number of crops."""
    running = subprocess.Popen(
        dvc_command("repro", "split"),
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    journal = folder / "data/crops_journal.jsonl"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and running.poll() is None:
        if journal.is_file() and journal.read_bytes().count(b"\n") > 1:
            break
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    return journal.read_bytes().count(b"\n") - 1


def test_a_killed_repro_resumes_and_ends_with_the_same_tables_and_crops(checkout: Path) -> None:
    finished = kill_while_cropping(checkout)
    assert finished > 0
    lock = checkout / ".dvc/tmp/rwlock"
    lock.unlink(missing_ok=True)  # left by the killed process; DVC itself would wait for a while
    dvc(checkout, "repro", "split")
    resumed, crops = tables_of(checkout), crops_of(checkout)
    shutil.rmtree(checkout / "data")
    dvc(checkout, "repro", "--force", "split")
    assert tables_of(checkout) == resumed
    assert crops_of(checkout) == crops
    assert len(crops) > 100


def test_the_whole_pipeline_runs_once(checkout: Path) -> None:
    dvc(checkout, "repro")
    assert "mae" in dvc(checkout, "metrics", "show", "--json")
    plots = json.loads(dvc(checkout, "plots", "show", "--json", "-o", "plots"))["data"]
    assert {name for name, (plot,) in plots.items() if "workspace" in plot["revisions"]} == {
        "MAE by epoch",
        "Learning rate by epoch",
        "Predicted against true age",
        "MAE by age band",
        "Age groups",
    }
    assert json.dumps(plots["Age groups"][0]["content"]).count("true_group") > 25  # every pair of the five groups
    assert "up to date" in dvc(checkout, "repro")
    assert json.loads(dvc(checkout, "status", "--json")) == {}


def test_the_cache_of_dvc_has_no_picture(checkout: Path) -> None:
    """A crop, a sheet or a page with faces would be stored again with every change, and be pushed to a remote."""
    files = [path for path in (checkout / ".dvc/cache/files").rglob("*") if path.is_file()]
    assert len(files) > 15
    heads = {path: path.read_bytes() for path in files}
    assert [path for path, content in heads.items() if content.startswith(PICTURES) or b"data:image" in content] == []


def test_new_raw_files_are_found_by_a_check(checkout: Path) -> None:
    extra = checkout / "raw/extra.jpg"
    shutil.copyfile(next((checkout / "raw").rglob("*.jpg")), extra)
    agelens(checkout, "data", "check")
    assert list(json.loads(dvc(checkout, "status", "--json"))) == ["build_manifest", "crop_faces"]
    extra.unlink()
    agelens(checkout, "data", "check")
    assert json.loads(dvc(checkout, "status", "--json")) == {}


def test_a_queued_experiment_is_compared_applied_and_taken_back(checkout: Path) -> None:
    """It runs in a temporary clone, without raw files; its results are in DVC's cache."""
    git(checkout, "add", "-A", ".")
    git(checkout, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "start")
    before = results_of(checkout)
    dvc(checkout, "exp", "run", "--temp", "--name", "longer", "-S", "train.phase2.epochs=2")
    assert results_of(checkout) == before
    change = json.loads(dvc(checkout, "metrics", "diff", "HEAD", "longer", "--json"))
    dvc(checkout, "exp", "apply", "longer")
    after = results_of(checkout)
    assert before["reports/train/history.csv"].count(b"\n") == 1 + 2 + 1
    assert after["reports/train/history.csv"].count(b"\n") == 1 + 2 + 2
    mae = next(iter(change.values()))["mae"]
    assert [mae["old"], mae["new"]] == [mae_of(before), mae_of(after)]
    curves = json.loads(dvc(checkout, "plots", "diff", "HEAD", "longer", "--json", "-o", "plots"))
    assert {name for plot in curves["data"].values() for each in plot for name in each["revisions"]} == {
        "HEAD",
        "longer",
    }
    restored = dvc(checkout, "exp", "run", "--name", "again", "-S", "train.phase2.epochs=1")
    assert [stage for stage in ("tune", "train", "calibrate") if f"Running stage '{stage}'" in restored] == []
    assert results_of(checkout) == before


def test_an_experiment_reaches_a_colleague_through_s3(checkout: Path, tmp_path: Path) -> None:
    repository, clone = tmp_path / "repository.git", tmp_path / "clone"
    git(tmp_path, "init", "--quiet", "--bare", str(repository))
    git(checkout, "remote", "add", "colleagues", str(repository))
    git(checkout, "push", "--quiet", "colleagues", "HEAD:refs/heads/main")
    with s3_server() as bucket:
        add_bucket(checkout, bucket)
        dvc(checkout, "push")
        dvc(checkout, "exp", "push", "colleagues", "longer")
        git(tmp_path, "clone", "--quiet", "--branch", "main", str(repository), str(clone))
        add_bucket(clone, bucket)
        dvc(clone, "pull", "--allow-missing")
        assert results_of(clone) == results_of(checkout)
        dvc(clone, "exp", "pull", "origin", "longer")
        dvc(clone, "exp", "apply", "longer")
        pushed = bucket.objects()
    assert results_of(clone)["reports/train/history.csv"].count(b"\n") == 1 + 2 + 2
    assert len(pushed) > 15
    assert [key for key, content in pushed.items() if content.startswith(PICTURES) or b"data:image" in content] == []


def test_a_colleague_pulls_metrics_plots_model_and_calibration(checkout: Path, tmp_path: Path) -> None:
    dvc(checkout, "remote", "add", "--local", "--default", "--force", "store", str(tmp_path / "store"))
    dvc(checkout, "push")
    git(checkout, "add", "-A", ".")
    git(checkout, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "queued")
    subprocess.run(["git", "clone", "--quiet", str(checkout), str(tmp_path / "clone")], check=True)
    clone = tmp_path / "clone"
    dvc(clone, "remote", "add", "--local", "--default", "store", str(tmp_path / "store"))
    dvc(clone, "pull", "--allow-missing")
    assert results_of(clone) == results_of(checkout)
    assert (clone / "weights/exported/model.json").is_file()
    assert list((clone / "data").rglob("*.jpg")) == []
    assert "mae" in dvc(clone, "metrics", "show", "--json")


def add_bucket(folder: Path, bucket: Bucket) -> None:
    dvc(folder, "remote", "add", "--local", "--default", "bucket", f"s3://{BUCKET}/agelens")
    dvc(folder, "remote", "modify", "--local", "bucket", "endpointurl", bucket.endpoint)


def results_of(folder: Path) -> dict[str, bytes]:
    """Return the files by which experiments are compared."""
    tables = [path for name in ("train", "tune", "evaluate") for path in (folder / "reports" / name).glob("*")]
    files = [*tables, *(folder / "weights/trained").glob("*.*")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files if path.name != ".gitignore"}


def mae_of(results: dict[str, bytes]) -> float:
    return float(json.loads(results["reports/evaluate/metrics.json"])["mae"])
