"""The lineage names the commit, the settings that differ, and the versions, with and without git."""

import subprocess

from agelens.pipeline.evaluation_report.lineage import describe_run, flat


def described(root, data):
    return describe_run(root, files={"network": "abc"}, params={"model": {"units": 1}}, data=data)


def commit(root):
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "settings"]):
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        subprocess.run(["git", *identity, *words], cwd=root, check=True)


def test_settings_are_compared_with_the_commit(tmp_path):
    (tmp_path / "params.yaml").write_text("seed: 7\nmodel: {units: 1}\n")
    commit(tmp_path)
    about = described(tmp_path, {"seed": 8, "model": {"units": 1}})
    assert len(about["commit"]) == 40
    assert about["changed_files"] == ""
    assert about["compared_with"] == "params.yaml of the last commit"
    assert about["changed"] == [{"name": "seed", "before": "7", "now": "8"}]
    (tmp_path / "params.yaml").write_text("seed: 8\n")
    assert "params.yaml" in described(tmp_path, {})["changed_files"]


def test_without_git_settings_are_compared_with_the_nearest_file(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    (tmp_path / "params").mkdir()
    (tmp_path / "params/far.yaml").write_text("seed: 1\nmodel: {units: 5}\n")
    (tmp_path / "params/near.yaml").write_text("seed: 7\nmodel: {units: 1}\n")
    about = described(tmp_path, {"seed": 7, "model": {"units": 2}})
    assert about["commit"] is None
    assert about["compared_with"] == "params/near.yaml"
    assert about["changed"] == [{"name": "model.units", "before": "1", "now": "2"}]


def test_without_any_other_settings_nothing_is_compared(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    about = described(tmp_path, {"seed": 7})
    assert (about["compared_with"], about["changed"]) == ("", [])
    assert about["files"] == {"network": "abc"}
    assert about["params"] == {"model.units": "1"}
    assert "numpy" in about["packages"]


def test_nested_settings_have_dotted_names():
    assert dict(flat({"a": {"b": {"c": 1}, "d": []}, "e": {}})) == {"a.b.c": "1", "a.d": "[]", "e": "{}"}
