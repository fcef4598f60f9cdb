"""The committed template of `dvc plots show` is what `benchmarks/plots_page.py` writes."""

import base64
import io
import re
import tarfile
from pathlib import Path

from plots_page import PACKAGES, PAGE, read_script, render_page


def write_package(folder: Path, name: str, script: bytes) -> None:
    """Write a package as `npm pack` does."""
    content = script + f"\n//# sourceMappingURL={name}.min.js.map\n".encode()
    with tarfile.open(folder / f"{name}-{PACKAGES[name]}.tgz", "w:gz") as archive:
        entry = tarfile.TarInfo(f"package/build/{name}.min.js")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))


def test_the_page_is_written_from_its_packages(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    scripts = [base64.b64decode(text) for text in re.findall(r'base64,([^"]+)"', page)]
    for name, script in zip(PACKAGES, scripts, strict=True):
        write_package(tmp_path, name, script)
    assert render_page({name: read_script(tmp_path, name) for name in PACKAGES}) == page


def test_the_page_loads_nothing_from_the_network() -> None:
    assert re.findall(r'(?:src|href)="(?!data:)', PAGE.read_text(encoding="utf-8")) == []


def test_the_page_names_the_versions_of_its_packages() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(version in page for version in PACKAGES.values())
