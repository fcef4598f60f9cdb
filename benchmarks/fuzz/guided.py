"""Fuzz the readers of images, model cards and tables, guided by the coverage of their Python code, with atheris.

    python -m benchmarks.fuzz.guided [--seconds 60] [--corpus tests/corpus]

The first byte of an input chooses the reader. A fault ends the run and is saved to the corpus without that byte, under
the name `guided_HASH` with the suffix of its reader. atheris is installed by `make fuzz-guided`.
"""

import argparse
import hashlib
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["agelens.data_prep", "agelens.models.serving", "PIL"]):
    from agelens import AgelensError
    from agelens.data_prep.core.images import decode_rgb
    from benchmarks.fuzz.mutate import seed_images, seed_texts
    from benchmarks.fuzz.targets import TARGETS

SUFFIXES = (".jpg", ".json", ".csv")
"""Readers, by the remainder of the first byte."""


def main() -> None:
    """Fuzz for a limited time; libFuzzer ends the process, with another status than 0 after a fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path, default=Path("tests/corpus"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="agelens-fuzz-") as folder:
        for name, content in {**seed_images(), **seed_texts()}.items():
            suffix = Path(name).suffix
            kind = SUFFIXES.index(suffix) if suffix in SUFFIXES else 0
            (Path(folder) / name).write_bytes(bytes([kind]) + content)
        options = [f"-max_total_time={asked.seconds}", "-max_len=16384", f"-artifact_prefix={folder}/", "-verbosity=0"]
        atheris.Setup([sys.argv[0], folder, *options], lambda content: read_one(content, asked.corpus))
        atheris.Fuzz()


def read_one(content: bytes, corpus: Path) -> None:
    """Give one input to its reader; save it if the outcome is a fault."""
    if not content:
        return
    suffix, rest = SUFFIXES[content[0] % len(SUFFIXES)], content[1:]
    try:
        _read(suffix, rest)
    except AgelensError:
        return
    except Exception:
        corpus.mkdir(parents=True, exist_ok=True)
        name = f"guided_{hashlib.sha256(rest).hexdigest()[:12]}{suffix}"
        (corpus / name).write_bytes(rest)
        print(f"fault: {corpus / name}", file=sys.stderr)
        raise


def _read(suffix: str, content: bytes) -> None:
    if suffix not in TARGETS:
        decode_rgb(content, max_pixels=1_000_000)
        return
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(content)
        file.flush()
        TARGETS[suffix](Path(file.name))


if __name__ == "__main__":
    main()
