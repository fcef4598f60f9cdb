"""Build what a release consists of: source archive, wheel, software bill of materials, and the SHA-256 of each.

    python -m benchmarks.release.build [FOLDER]

The bill of materials (CycloneDX, JSON) lists the packages of this environment, which `make` installs with all extras
and the tools of development, in the versions of constraints.txt.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

from agelens.data_prep.core.hashing import file_hash

ROOT = Path(__file__).resolve().parents[2]
HASHES = "SHA256SUMS"


def main() -> None:
    """Build into a folder, `dist` by default."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "dist")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    run("build", "--no-isolation", "--outdir", str(folder), str(ROOT))
    bill = folder / f"agelens-{version}.cdx.json"
    words = ("--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible", "--output-file", str(bill))
    run("cyclonedx_py", "environment", *words, sys.executable)
    print(write_hashes(folder, version=version))


def run(module: str, *words: str) -> None:
    """Run a tool of Python; its output is shown only if it fails."""
    ran = subprocess.run([sys.executable, "-m", module, *words], capture_output=True, text=True, check=False)
    if ran.returncode:
        sys.exit(f"{module} failed: {ran.stderr[-2000:] or ran.stdout[-2000:]}")


def write_hashes(folder: Path, *, version: str) -> Path:
    """Write the SHA-256 of every file of a version, for `sha256sum --check`, and return the file."""
    files = sorted(path for path in folder.glob(f"agelens-{version}*") if path.is_file())
    path = folder / HASHES
    path.write_text("".join(f"{file_hash(file)}  {file.name}\n" for file in files), encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
