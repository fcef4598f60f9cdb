"""The command: expected errors are one line with exit status 1, and settings are never lost."""

import errno
import shutil
import subprocess
import sys

import pytest

from agelens import __version__
from agelens.data_prep.readers import READERS
from agelens.pipeline.commands.main import main
from agelens.pipeline.stages import STAGES
from agelens.weights.integrity import trusted_checkpoints
from agelens.weights.registry import REGISTRY
from tests.locations import ROOT


def git(*words: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *words], check=True, capture_output=True)


@pytest.fixture
def checkout(folder):
    """Return a git repository with three configurations, the first of them selected and committed."""
    (folder / "params").mkdir()
    for name in ("demo", "seed", "utkface"):
        (folder / f"params/{name}.yaml").write_text(f"name: {name}\n")
    shutil.copyfile(folder / "params/demo.yaml", folder / "params.yaml")
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "settings")
    return folder


def assert_one_line(status: int, err: str, *, about: str) -> None:
    assert status == 1
    assert err.startswith("agelens: ")
    assert err.count("\n") == 1
    assert about in err


def test_help_lists_the_commands(agelens):
    status, out, _ = agelens("--help")
    assert status == 0
    assert [
        name for name in ("predict", "run", "tune", "use", "summary", "data", "weights", "detector") if name not in out
    ] == []


def test_version_is_shown(agelens):
    assert agelens("--version") == (0, f"agelens {__version__}\n", "")


def test_completion_can_be_shown(agelens):
    assert "--show-completion" in agelens("--help")[1]


@pytest.mark.parametrize("words", [("predict",), ("run",), ("use",), ("frobnicate",), ("predict", "--frobnicate", "a")])
def test_wrong_usage_exits_with_2(words, agelens):
    status, out, err = agelens(*words)
    assert status == 2
    assert "Usage: agelens" in out + err


def test_use_copies_settings(checkout, agelens):
    status, out, _ = agelens("use", "seed")
    assert status == 0
    assert "params.yaml is now params/seed.yaml" in out
    assert (checkout / "params.yaml").read_text() == "name: seed\n"


def test_use_replaces_settings_that_it_copied_itself(checkout, agelens):
    assert agelens("use", "seed")[0] == 0
    assert agelens("use", "utkface")[0] == 0  # git knows params.yaml as edited, yet nothing would be lost
    assert (checkout / "params.yaml").read_text() == "name: utkface\n"


@pytest.mark.parametrize("staged", [False, True])
def test_use_keeps_uncommitted_changes(staged, checkout, agelens):
    (checkout / "params.yaml").write_text("name: mine\n")
    if staged:
        git("add", "params.yaml")
    status, _, err = agelens("use", "seed")
    assert_one_line(status, err, about="changes that are not committed")
    assert (checkout / "params.yaml").read_text() == "name: mine\n"


def test_use_keeps_settings_that_git_does_not_know(checkout, agelens):
    git("rm", "--quiet", "--cached", "params.yaml")
    git("commit", "--quiet", "--message", "forget")
    (checkout / "params.yaml").write_text("name: mine\n")
    assert agelens("use", "seed")[0] == 1
    assert (checkout / "params.yaml").read_text() == "name: mine\n"


def test_use_replaces_committed_edits(checkout, agelens):
    (checkout / "params.yaml").write_text("name: mine\n")
    git("commit", "--quiet", "--all", "--message", "mine")
    assert agelens("use", "seed")[0] == 0
    assert (checkout / "params.yaml").read_text() == "name: seed\n"


@pytest.mark.parametrize("git_is", ["not installed", "without a repository"])
def test_use_keeps_changes_where_git_gives_no_status(git_is, checkout, agelens, monkeypatch):
    (checkout / "params.yaml").write_text("name: mine\n")
    if git_is == "not installed":
        monkeypatch.setenv("PATH", "")
    else:
        shutil.rmtree(checkout / ".git")
    status, _, err = agelens("use", "seed")
    assert_one_line(status, err, about="changes that are not committed")
    assert (checkout / "params.yaml").read_text() == "name: mine\n"


def test_use_replaces_an_unchanged_copy_where_git_gives_no_status(checkout, agelens):
    shutil.rmtree(checkout / ".git")
    assert agelens("use", "seed")[0] == 0
    assert (checkout / "params.yaml").read_text() == "name: seed\n"


def test_use_outside_a_checkout_says_where_to_run_it(folder, agelens):
    status, _, err = agelens("use", "seed")
    assert_one_line(status, err, about="Run it in a checkout of agelens.")
    assert "Available" not in err


def test_use_lists_the_available_names(checkout, agelens):
    status, _, err = agelens("use", "morph")
    assert_one_line(status, err, about="Available: demo, seed, utkface.")


def test_run_lists_the_stages(folder, agelens):
    status, _, err = agelens("run", "trian")
    assert_one_line(status, err, about=f"There is no stage trian. Stages: {', '.join(STAGES)}.")


def test_run_outside_a_checkout_is_one_line(folder, agelens):
    status, _, err = agelens("run", "split")
    assert_one_line(status, err, about="There is no params.yaml")


def test_run_refuses_misspelt_settings(folder, agelens):
    text = (ROOT / "params/demo.yaml").read_text(encoding="utf-8")
    (folder / "params.yaml").write_text(text.replace("  margin_fraction:", "  margin_fracton:"))
    status, _, err = agelens("run", "split")
    assert_one_line(status, err, about="crop_faces.margin_fracton is not a parameter")


def test_run_without_the_stage_before_is_one_line(folder, agelens):
    shutil.copyfile(ROOT / "params/demo.yaml", folder / "params.yaml")
    status, _, err = agelens("run", "split")
    assert_one_line(status, err, about="data/grouped.csv")


def test_summary_without_results_is_one_line(folder, agelens):
    status, _, err = agelens("summary")
    assert_one_line(status, err, about="There is no evaluation yet; run `make demo` or `dvc repro`.")


def test_bug_keeps_its_traceback(folder, monkeypatch):
    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("agelens.pipeline.reports.summary.print_summary", fail)
    monkeypatch.setattr(sys, "argv", ["agelens", "summary"])
    with pytest.raises(ZeroDivisionError):
        main()


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "data/x\x1b[2J.csv"), "data/x\\x1b[2J.csv"),
        (OSError(errno.ENOSPC, "No space left on device"), "a file"),
    ],
)
def test_a_full_disk_is_one_line(folder, agelens, monkeypatch, error, name):
    def fail() -> None:
        raise error

    monkeypatch.setattr("agelens.pipeline.reports.summary.print_summary", fail)
    status, _, err = agelens("summary")
    assert_one_line(status, err, about=f"The disk is full: {name} cannot be written.")


def test_data_synthetic_writes_the_file_that_the_makefile_depends_on(folder, agelens):
    assert agelens("data", "synthetic", "--count", "10", "--size", "64")[0] == 0
    assert (folder / "data/raw/synthetic/synthetic.json").is_file()
    assert "SYNTHETIC := data/raw/synthetic/synthetic.json" in (ROOT / "Makefile").read_text().splitlines()
    assert len(list(READERS["synthetic"](folder / "data/raw/synthetic"))) >= 10


@pytest.fixture
def pretrained(tmp_path, monkeypatch):
    """Return an empty folder in which pretrained files are looked for."""
    folder = tmp_path / "pretrained"
    folder.mkdir()
    monkeypatch.setenv("AGELENS_WEIGHTS", str(folder))
    return folder


def test_weights_list_names_every_file_and_its_licence(folder, pretrained, agelens):
    status, out, _ = agelens("weights", "list")
    assert status == 0
    words = "".join(out.split())  # a narrow window breaks its lines
    assert [name for name in REGISTRY if name not in words] == []
    assert out.count("missing") == len(REGISTRY)
    assert "Apache-2.0" in out


def test_weights_list_cuts_no_name_in_a_window_of_80_columns(folder, pretrained, agelens, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = agelens("weights", "list")
    words = out.replace(":", " ").split()
    assert [entry for entry in REGISTRY.values() if entry.name not in words or entry.file not in words] == []
    assert all(len(line) <= 80 for line in out.splitlines() if not line.startswith("folder: "))


def test_weights_verify_accepts_missing_published_files_and_checks_the_bundled_ones(pretrained, agelens):
    status, out, _ = agelens("weights", "verify")
    assert status == 0, "if you replaced a bundled file: `agelens weights record`"
    lines = out.splitlines()
    assert lines[: len(REGISTRY)] == [f"{name}: missing" for name in REGISTRY]
    assert {line.partition(": ")[2] for line in lines[len(REGISTRY) :]} == {"ok"}
    for name in ("face_detector.pt", "face_detector.xml", "face_detector.bin", "age_model/age_net.bin"):
        assert f"embedded/{name}: ok" in lines


def test_weights_verify_exits_1_if_a_bundled_file_was_tampered_with(pretrained, agelens, monkeypatch):
    states = {"face_detector.pt": "tampered", "face_detector.xml": "ok"}
    monkeypatch.setattr("agelens.weights.integrity.verify_embedded", lambda: states)
    status, out, _ = agelens("weights", "verify")
    assert status == 1
    assert "embedded/face_detector.pt: tampered" in out.splitlines()


@pytest.mark.parametrize(
    "words",
    [
        ("detector", "export", "strange.pt", "out"),
        ("detector", "train", "widerface", "--start", "strange.pt"),
    ],
    ids=["export", "train"],
)
def test_an_unknown_checkpoint_is_refused_with_the_reason(words, folder, agelens):
    (folder / "strange.pt").write_bytes(b"a pickle")
    status, _, err = agelens(*words)
    assert_one_line(status, err, about="is a pickle file, which can run any code when it is loaded")
    assert "--trust" in err
    assert not (folder / "out").exists()


def test_weights_verify_exits_1_if_a_published_file_was_tampered_with(pretrained, agelens):
    (pretrained / "face_yolov8n.pt").write_bytes(b"not what was published")
    status, out, _ = agelens("weights", "verify")
    assert status == 1
    assert "face_yolov8n: tampered" in out.splitlines()
    assert "resnet50_imagenet: missing" in out.splitlines()


def test_a_checkpoint_is_trusted_only_with_the_option(folder, agelens, monkeypatch):
    asked = []

    def export(checkpoint, target, *, trusted):
        asked.append(trusted)
        return target

    monkeypatch.setattr("agelens.data_prep.detector_training.yolo_export.export_face_detector", export)
    agelens("detector", "export", "mine.pt", "out")
    agelens("detector", "export", "--trust", "mine.pt", "out")
    assert asked == [trusted_checkpoints(), None]


def test_weights_record_prints_the_file_with_the_hashes(folder, agelens, monkeypatch):
    monkeypatch.setattr("agelens.weights.integrity.record_hashes", lambda: folder / "SHA256SUMS")
    assert agelens("weights", "record")[:2] == (0, f"{folder / 'SHA256SUMS'}\n")


def test_tampered_weights_are_not_overwritten(pretrained, agelens):
    (pretrained / "face_yolov8n.pt").write_bytes(b"not what was published")
    status, _, err = agelens("weights", "fetch", "face_yolov8n")
    assert_one_line(status, err, about="is not the published face_yolov8n.pt")
    assert (pretrained / "face_yolov8n.pt").read_bytes() == b"not what was published"


def test_unknown_weights_are_an_error_with_the_name(pretrained, agelens):
    status, _, err = agelens("weights", "fetch", "vgg16")
    assert_one_line(status, err, about="Received: vgg16.")
