"""pyproject.toml, the licence files and NOTICE agree with each other and with the installed packages."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, metadata

import pytest

from tests.locations import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NOTICE = (ROOT / "NOTICE").read_text(encoding="utf-8")
EXTRAS = ("train", "opencv", "pandas", "scale", "heif", "s3", "serve", "app", "video", "onnx", "hub")


def listed() -> dict[str, str]:
    """Return the licence that NOTICE gives for each package of its tables."""
    return dict(re.findall(r"^  ([a-z0-9-]+) {2,}(.+)$", NOTICE, flags=re.MULTILINE))


def direct_dependencies() -> set[str]:
    required = [*PROJECT["dependencies"], *(word for name in EXTRAS for word in PROJECT["optional-dependencies"][name])]
    return {re.split(r"[\[<>=!]", word)[0] for word in required}


def test_notice_lists_every_direct_dependency_and_no_other() -> None:
    assert set(listed()) == direct_dependencies()


@pytest.mark.parametrize("name", sorted(direct_dependencies()))
def test_notice_agrees_with_the_licence_expression_of_the_package(name: str) -> None:
    try:
        expression = metadata(name).get("License-Expression")
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed")
    if expression is None:
        pytest.skip(f"{name} states no SPDX expression")
    assert listed()[name].split(";")[0] == expression


def test_the_expression_names_a_licence_file_for_each_of_its_parts() -> None:
    parts = PROJECT["license"].split(" AND ")
    assert parts == ["AGPL-3.0-or-later", "LicenseRef-agelens-age-model"]
    assert "GNU AFFERO GENERAL PUBLIC LICENSE" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert (ROOT / "LICENSE-AGE-MODEL").read_text(encoding="utf-8").startswith(parts[1])
    assert {"LICENSE", "LICENSE-AGE-MODEL", "NOTICE"} == set(PROJECT["license-files"])
