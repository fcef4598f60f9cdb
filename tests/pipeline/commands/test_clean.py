"""`agelens clean` removes what was derived from photographs, and nothing else."""

from pathlib import Path

import pytest
import yaml

from agelens.pipeline.config.paths import Paths
from agelens.pipeline.config.stored_data import STORED_DATA
from tests.locations import ROOT

DERIVED = (
    "data/crops/s/ab/ab.jpg",
    "data/manifest.csv",
    "data/features/train/view_0.npz",
    "reports/report/a.html",
    "dvc_plots/index.html",
    ".dvc/tmp/exps/standalone/tmp1/reports/crop_faces/crops.png",
    ".dvc/tmp/exps/standalone/tmp1/data/crops/s/ab/ab.jpg",
)
OPTIONAL = {
    "--runs": "wandb/run-1/files/a.png",
    "--cache": ".dvc/cache/files/ab/c",
    "--models": "weights/trained/a.keras",
}
KEPT = ("data/raw/mine/photo.jpg", "params.yaml", "weights/embedded/age_model/age_net.bin")


@pytest.fixture
def stored(folder):
    for name in (*DERIVED, *OPTIONAL.values(), *KEPT):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def left(folder):
    return {name for name in (*DERIVED, *OPTIONAL.values(), *KEPT) if (folder / name).exists()}


def test_derived_data_is_removed_and_raw_data_is_kept(stored, agelens):
    status, out, _ = agelens("clean", "--yes")
    assert status == 0
    assert "data/crops" in out
    assert left(stored) == {*OPTIONAL.values(), *KEPT}


@pytest.mark.parametrize("option", OPTIONAL)
def test_an_option_removes_more(stored, agelens, option):
    assert agelens("clean", "--yes", option)[0] == 0
    assert left(stored) == {*OPTIONAL.values(), *KEPT} - {OPTIONAL[option]}


def test_a_dry_run_lists_and_removes_nothing(stored, agelens):
    status, out, _ = agelens("clean", "--dry-run", "--cache")
    assert status == 0
    assert ".dvc/cache" in out
    assert "1 files" in out
    assert left(stored) == {*DERIVED, *OPTIONAL.values(), *KEPT}


def test_an_empty_project_is_no_error(folder, agelens):
    assert agelens("clean")[:2] == (0, "nothing is stored\n")


def test_a_link_is_removed_and_its_target_is_kept(stored, agelens, tmp_path_factory):
    target = tmp_path_factory.mktemp("elsewhere") / "photo.jpg"
    target.write_bytes(b"x")
    (stored / "data/crops/link").symlink_to(target.parent)
    assert agelens("clean", "--yes")[0] == 0
    assert target.exists()


def test_every_path_of_the_project_is_listed():
    paths = Paths()
    found = [getattr(paths, name) for name, each in vars(Paths).items() if isinstance(each, property)]
    inside = {path for path in found if isinstance(path, Path) and not path.is_absolute()}
    assert len(inside) > 20
    listed = {
        path
        for path in inside
        if any(each.match(stored.pattern) for stored in STORED_DATA for each in (path, *path.parents))
    }
    assert inside - listed == {Path("params.yaml"), Path("data/.lock"), Path("data/.tracking")}


def test_every_output_of_dvc_is_listed():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    outputs = [each for stage in stages.values() for kind in ("outs", "metrics") for each in stage.get(kind, ())]
    found = {Path(each if isinstance(each, str) else next(iter(each))) for each in outputs}
    assert len(found) > 15
    assert not [
        path
        for path in found
        if not any(each.match(stored.pattern) for stored in STORED_DATA for each in (path, *path.parents))
    ]


def test_everything_that_git_ignores_as_output_is_listed():
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split("# Output of the pipeline.")[1]
    folders = [line.strip("/") for line in ignored.splitlines() if line.startswith("/") and line.endswith("/")]
    assert {"data", "reports", "exports", "runs"} <= set(folders)
    published = {"weights/pretrained"}  # files of others, without data of yours
    listed = {stored.pattern for stored in STORED_DATA}
    assert [name for name in folders if not any(each.startswith(name) for each in listed)] == sorted(published)


def test_the_page_on_privacy_lists_every_place():
    page = (ROOT / "docs/privacy.md").read_text(encoding="utf-8")
    rows = [f"| `{stored.pattern}` | {stored.content} | {stored.kept} |" for stored in STORED_DATA]
    assert [row for row in rows if row not in page] == []
