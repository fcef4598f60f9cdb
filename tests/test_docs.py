"""Documents agree with the files that they describe."""

import re
import tomllib

import pytest
import yaml

from agelens.pipeline.stages import STAGES
from readme import BLOCKS, with_results
from tests.locations import ROOT

DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "weights/*.md")
    for path in ROOT.glob(pattern)
)


DESIGN = (ROOT / "DESIGN.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_of_results_agree_with_the_recorded_results(name: str) -> None:
    document = (ROOT / name).read_text()
    assert with_results(document, BLOCKS[name]()) == document, "run `python benchmarks/readme.py`"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_point_to_existing_files(name: str) -> None:
    document = ROOT / name
    targets = re.findall(r"\]\(([^)#]+)\)", document.read_text())
    broken = [target for target in targets if "://" not in target and not (document.parent / target).exists()]
    assert broken == []


def test_modules_named_in_the_design_exist() -> None:
    named = re.findall(r"`((?:data_prep|models|tuning|pipeline|weights|benchmarks|tests)/[\w/]+\.py)", DESIGN)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_the_design_lists_every_stage() -> None:
    assert re.findall(r"^\| `(\w+)` \|", DESIGN, flags=re.MULTILINE) == list(STAGES)


def test_the_diagram_of_the_design_shows_edges_of_dvc_yaml() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    paths = {
        name: [entry if isinstance(entry, str) else next(iter(entry)) for entry in stages[name]["outs"]]
        for name in stages
    }
    drawn = re.findall(r"^    (\w+) -->(?:\|[^|]+\|)? (\w+)$", DESIGN, flags=re.MULTILINE)
    assert {stage for edge in drawn for stage in edge} == set(STAGES)
    for writer, reader in drawn:
        assert any(within(needed, path) for needed in stages[reader]["deps"] for path in paths[writer]), (
            writer,
            reader,
        )


def within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


DEEPER = {
    "data_prep/core/decoding",
    "data_prep/core/resampling",
    "pipeline/commands/models",
    "pipeline/config/sections",
}
"""Folders in folders, which the tree describes in the line of the outer one."""


def test_the_design_shows_every_folder_of_the_packages() -> None:
    (tree,) = re.findall(r"```\n(agelens/ .*?)```", DESIGN, flags=re.DOTALL)
    shown, package = set(), ""
    for top, inner in re.findall(r"^(\w+/)? *(?:(\w+)/ )?", tree, flags=re.MULTILINE):
        package = top.rstrip("/") or package
        shown |= {package, f"{package}/{inner}" if inner else package}
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {name.removeprefix("agelens.").replace(".", "/") for name in packages}
    assert folders - shown <= DEEPER


def test_the_design_names_every_direct_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    rows = re.findall(r"^\| ([\w, -]+) \| [^|]+ \|$", DESIGN.partition("## Dependencies")[2], flags=re.MULTILINE)
    named = {name for row in rows[1:] for name in row.split(", ")}
    assert {re.split(r"[\[<>=!]", name)[0] for name in required} == named


def test_make_targets_named_in_the_readme_exist() -> None:
    targets = set(re.findall(r"`?make ([a-z-]+)", (ROOT / "README.md").read_text()))
    assert targets <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
