"""Documents agree with the files that they describe."""

import re

import pytest

from readme import BLOCKS, with_results
from tests.locations import ROOT

DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "weights/*.md")
    for path in ROOT.glob(pattern)
)


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
    named = re.findall(
        r"`((?:data_prep|models|tuning|pipeline|weights|benchmarks)/[\w/]+\.py)", (ROOT / "DESIGN.md").read_text()
    )
    assert named
    assert [name for name in named if "/X.py" not in name and not (ROOT / name).is_file()] == []


def test_make_targets_named_in_the_readme_exist() -> None:
    targets = set(re.findall(r"`?make ([a-z-]+)", (ROOT / "README.md").read_text()))
    assert targets <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
