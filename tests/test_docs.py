"""What the documents say is what the files say."""

import re
from pathlib import Path

import pytest

from readme import leakage_block, results_block, with_results

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("docs/leakage.md", "README.md", "DESIGN.md", "CONTRIBUTING.md", "CHANGELOG.md", "weights/README.md")


def test_the_results_in_the_readme_come_from_the_files() -> None:
    readme = (ROOT / "README.md").read_text()
    assert with_results(readme, results_block()) == readme, "run `python benchmarks/readme.py`"


def test_the_page_on_leakage_comes_from_its_file() -> None:
    page = (ROOT / "docs/leakage.md").read_text()
    assert with_results(page, leakage_block()) == page, "run `python benchmarks/readme.py`"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_to_files_lead_somewhere(name: str) -> None:
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
    targets = set(re.findall(r"`?make ([a-z]+)", (ROOT / "README.md").read_text()))
    assert targets <= set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
