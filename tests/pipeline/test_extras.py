"""`agelens --help` marks the commands that need an extra, and those that are not marked run without one."""

import csv
import json
import subprocess
import sys

import pytest

from agelens import AgePredictor
from agelens.pipeline.extras import EXTRAS, has_extra, panel_of
from tests.locations import ROOT

LIGHT = f"""
import json, sys
from importlib.abc import MetaPathFinder

class NotInstalled(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in {set(EXTRAS) - {"multipart"}!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name in {set(EXTRAS)!r} else found(name)
sys.meta_path.insert(0, NotInstalled())
"""
"""An installation without extras."""

PANELS = """
from agelens.pipeline.commands.main import app
panels = {}
for one in (*app.registered_commands, *app.registered_groups):
    panel = one.rich_help_panel
    panels.setdefault(panel if isinstance(panel, str) else "", []).append(one.name or one.callback.__name__)
print(json.dumps(panels))
"""

PREDICT = """
from agelens.pipeline.commands.main import main
sys.argv = ["agelens", "predict", sys.argv[1], "--csv", sys.argv[2]]
main()
"""


def run_light(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LIGHT + code, *words], capture_output=True, text=True, check=False, cwd=ROOT
    )


def test_commands_that_need_an_extra_are_marked():
    ran = run_light(PANELS)
    assert ran.returncode == 0, ran.stderr
    panels = json.loads(ran.stdout)
    marked = {panel.partition("[")[2].partition("]")[0]: sorted(names) for panel, names in panels.items() if panel}
    assert marked == {
        "app": ["app"],
        "serve": ["serve"],
        "hub": ["publish"],
        "train": ["dashboard", "data", "detector", "eda", "export", "protocol", "run", "summary", "tune"],
        "video": ["video", "webcam"],
    }
    assert sorted(panels[""]) == ["clean", "predict", "use", "weights"]


def test_the_marks_are_shown():
    ran = run_light("from agelens.pipeline.commands.main import main\nsys.argv = ['agelens', '--help']\nmain()")
    assert "pip install 'agelens[train]'" in ran.stdout


def test_commands_of_an_installed_extra_are_not_marked(monkeypatch):
    monkeypatch.setattr("agelens.pipeline.extras.find_spec", lambda name: None if name == "gradio" else "found")
    assert [has_extra(name) for name in ("app", "serve")] == [False, True]
    assert panel_of("serve") is None


@pytest.mark.parametrize("words", [("clean", "--help"), ("weights", "list"), ("weights", "verify"), ("use", "nothing")])
def test_unmarked_commands_run_without_an_extra(words, tmp_path):
    ran = run_light(f"from agelens.pipeline.commands.main import main\nsys.argv = ['agelens', *{words!r}]\nmain()")
    assert "needs" not in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("picture", ["crops.jpg", "predict.png"])
def test_photographs_have_the_same_ages_without_an_extra(picture, tmp_path):
    table = tmp_path / "ages.csv"
    ran = run_light(PREDICT, str(ROOT / "docs" / picture), str(table))
    assert ran.returncode == 0, ran.stderr
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    expected = AgePredictor.load().predict(ROOT / "docs" / picture)
    assert len(rows) == len(expected) > 1
    # Single pixels are rounded the other way, to which drawn faces are more sensitive than photographs.
    gaps = []
    for row in rows:
        left, top = float(row["x1"]), float(row["y1"])
        nearest = min(expected, key=lambda face: abs(face.box[0] - left) + abs(face.box[1] - top))
        gaps.append(abs(float(row["age"]) - nearest.age))
    assert max(gaps) < 1.5
    assert sum(gaps) / len(gaps) < 0.3


def test_video_names_its_own_extra_though_training_needs_opencv_too():
    ran = run_light("from agelens.pipeline.commands.main import main\nsys.argv = ['agelens', 'video', 'a.mp4']\nmain()")
    assert ran.stderr == "agelens: this command needs supervision: pip install 'agelens[video]'\n"
    assert ran.returncode == 1


def test_a_missing_library_of_the_system_is_one_line(tmp_path):
    reason = "libGL.so.1: cannot open shared object file"
    (tmp_path / "cv2.py").write_text(f"raise ImportError({reason!r}, name='cv2')")
    code = "from agelens.pipeline.commands.main import main\nsys.argv = ['agelens', 'data', 'synthetic']\nmain()"
    words = [sys.executable, "-c", f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n{code}"]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ran.stderr == f"agelens: cv2 needs a library of the system that is not installed: {reason}\n"
    assert ran.returncode == 1
