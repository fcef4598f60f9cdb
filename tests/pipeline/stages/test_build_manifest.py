"""Stage build_manifest: what labels hold is shown and written without control characters."""

import pytest
import yaml

from tests.locations import ROOT


@pytest.mark.parametrize("valid", [0, 1])
def test_labels_reach_neither_the_terminal_nor_a_table_raw(valid, folder, agelens):
    settings = yaml.safe_load((ROOT / "params/demo.yaml").read_text(encoding="utf-8"))
    settings["sources"] = {"mine": {"path": "raw/labels.csv", "reader": "table"}}
    (folder / "params.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    (folder / "raw").mkdir()
    lines = ["path,age", "a\x1b[31m.jpg,thirty\x1b[2J", "b\x9b.jpg,-5", '"c\nd.jpg",=1+1']
    (folder / "raw/labels.csv").write_text("\n".join(lines), encoding="utf-8")
    if valid:
        (folder / "raw/a.jpg").write_bytes(b"x")
        lines.append("a.jpg,30")
        (folder / "raw/labels.csv").write_text("\n".join(lines), encoding="utf-8")
    status, out, err = agelens("run", "build_manifest")
    assert status == 1 - valid
    assert "bad_age 3" in out + err
    shown = (out + err).replace("\n", "")
    written = "".join(path.read_text(encoding="utf-8") for path in (folder / "data").rglob("*.csv"))
    assert written.count("bad_age") == 3 * valid
    assert not any(letter in shown + written for letter in "\x1b\x9b")
