"""pyproject.toml names the packages that the tree holds, under one import name."""

import re
import tomllib

from tests.locations import ROOT

SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
TOP_LEVEL = ("data_prep", "models", "pipeline", "tuning", "weights")


def test_every_folder_with_modules_is_a_package_of_agelens():
    folders = {path.parent.relative_to(ROOT) for top in TOP_LEVEL for path in (ROOT / top).rglob("*.py")}
    assert sorted(SETUPTOOLS["packages"]) == sorted({"agelens", *(".".join(("agelens", *f.parts)) for f in folders)})


def test_every_top_level_folder_is_mapped():
    assert SETUPTOOLS["package-dir"] == {"agelens": "agelens", **{f"agelens.{top}": top for top in TOP_LEVEL}}


def test_no_module_is_imported_by_its_folder():
    bare = re.compile(rf"^\s*(?:from|import) (?:{'|'.join(TOP_LEVEL)})\b", re.MULTILINE)
    files = [path for top in (*TOP_LEVEL, "agelens", "benchmarks", "tests") for path in (ROOT / top).rglob("*.py")]
    assert [str(path.relative_to(ROOT)) for path in files if bare.search(path.read_text(encoding="utf-8"))] == []


def test_no_folder_holds_more_than_fifteen_modules():
    folders = {path.parent for top in (*TOP_LEVEL, "benchmarks", "tests") for path in (ROOT / top).rglob("*.py")}
    crowded = {folder: len(list(folder.glob("[!_]*.py"))) for folder in folders}
    assert {str(folder.relative_to(ROOT)): count for folder, count in crowded.items() if count > 15} == {}


def lines_of(*folders):
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}


def test_no_stage_has_more_than_a_hundred_lines():
    assert {name: lines for name, lines in lines_of("pipeline/stages").items() if lines > 100} == {}


def test_no_file_has_more_than_three_hundred_lines():
    files = lines_of(*TOP_LEVEL, "agelens", "benchmarks", "tests")
    assert {name: lines for name, lines in files.items() if lines > 300} == {}
