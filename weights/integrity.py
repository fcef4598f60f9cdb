"""What the embedded files must be, and which checkpoints may be loaded: hashes, recorded once, checked from then on.

The record lies beside the files, so it tells damage and a file that was exchanged by itself; who can exchange both can
also change this code.
"""

from pathlib import Path

from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.core.hashing import file_hash
from agelens.weights.defaults import DETECTOR_TORCH, EMBEDDED
from agelens.weights.registry import REGISTRY

RECORD = "SHA256SUMS"
"""Name of the record, in the form that `sha256sum --check` reads."""


def read_record(folder: Path = EMBEDDED) -> dict[str, str]:
    """Return the recorded SHA-256 of each embedded file.

    Raises:
        WeightsError: The record is missing or no record.
    """
    path = folder / RECORD
    try:
        lines = [line.split(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines()]
        return {name: digest for digest, name in lines}
    except (OSError, ValueError) as error:
        msg = f"{path} must hold a hash and a name in each line. Received: {error}. Install agelens anew."
        raise WeightsError(msg) from error


def write_record(folder: Path = EMBEDDED) -> Path:
    """Record the files as they are: for who exchanges them on purpose."""
    path = folder / RECORD
    digests = {name: file_hash(folder / name) for name in _files(folder)}
    path.write_text("".join(f"{digest}  {name}\n" for name, digest in digests.items()), encoding="utf-8")
    return path


def verify_embedded(folder: Path = EMBEDDED) -> dict[str, str]:
    """Return `ok`, `missing`, `tampered` or `unrecorded` for each embedded file."""
    recorded = read_record(folder)
    return {name: _state(folder / name, recorded.get(name)) for name in sorted({*recorded, *_files(folder)})}


def trusted_checkpoints() -> frozenset[str]:
    """Return the SHA-256 of every checkpoint that may be loaded: the published ones, and the embedded detector."""
    published = {entry.digest.removeprefix("sha256:") for entry in REGISTRY.values() if entry.file.endswith(".pt")}
    return frozenset({*published, read_record()[DETECTOR_TORCH.name]})


def _files(folder: Path) -> list[str]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != RECORD)
    return sorted(path.relative_to(folder).as_posix() for path in found)


def _state(path: Path, expected: str | None) -> str:
    if not path.is_file():
        return "missing"
    if expected is None:
        return "unrecorded"
    return "ok" if file_hash(path) == expected else "tampered"
