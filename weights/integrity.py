"""Verification of the bundled files, and of the checkpoints that may be loaded, by SHA-256.

The hashes are recorded beside the files. They reveal damage and accidental replacement; they are no protection against
somebody who can replace both a file and its hash, who could also change this code.
"""

from collections.abc import Iterable
from pathlib import Path

from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.core.hashing import file_hash
from agelens.weights.defaults import DETECTOR_TORCH, EMBEDDED
from agelens.weights.registry import REGISTRY

HASHES_FILE = "SHA256SUMS"
"""File of the recorded hashes, in the format of `sha256sum --check`."""


def read_hashes(folder: Path = EMBEDDED) -> dict[str, str]:
    """Return the recorded SHA-256 of each bundled file, by its path relative to the folder.

    Raises:
        WeightsError: The file of hashes is missing or malformed.
    """
    path = folder / HASHES_FILE
    try:
        lines = [line.split(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines()]
        return {name: digest for digest, name in lines}
    except (OSError, ValueError) as error:
        msg = f"{path} must hold a hash and a name in each line. Received: {error}. Reinstall agelens."
        raise WeightsError(msg) from error


def record_hashes(folder: Path = EMBEDDED) -> Path:
    """Write the hashes of the files as they are now, after an intended replacement; return the file of hashes."""
    path = folder / HASHES_FILE
    digests = {name: file_hash(folder / name) for name in _files(folder)}
    path.write_text("".join(f"{digest}  {name}\n" for name, digest in digests.items()), encoding="utf-8")
    return path


def verify_embedded(folder: Path = EMBEDDED) -> dict[str, str]:
    """Return `ok`, `missing`, `tampered` or `unrecorded` for each bundled file."""
    recorded = read_hashes(folder)
    return {name: _state(folder / name, recorded.get(name)) for name in sorted({*recorded, *_files(folder)})}


def network_files(network: Path) -> tuple[Path, Path]:
    """Return both files of an OpenVINO network, from the path of its `.xml`."""
    return network, network.with_suffix(".bin")


def check_embedded(files: Iterable[Path], folder: Path = EMBEDDED) -> None:
    """Check bundled files before they are used.

    Raises:
        WeightsError: One is missing or differs from what was recorded; the message names it.
    """
    recorded = read_hashes(folder)
    for path in files:
        state = _state(path, recorded.get(path.relative_to(folder).as_posix()))
        if state != "ok":
            msg = f"{path} is {state}. Reinstall agelens, or run `agelens weights record` after a change on purpose."
            raise WeightsError(msg)


def trusted_checkpoints() -> frozenset[str]:
    """Return the SHA-256 of every checkpoint that may be loaded: the published ones and the bundled detector."""
    published = {entry.digest.removeprefix("sha256:") for entry in REGISTRY.values() if entry.file.endswith(".pt")}
    return frozenset({*published, read_hashes()[DETECTOR_TORCH.name]})


def _files(folder: Path) -> list[str]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != HASHES_FILE)
    return sorted(path.relative_to(folder).as_posix() for path in found)


def _state(path: Path, expected: str | None) -> str:
    if not path.is_file():
        return "missing"
    if expected is None:
        return "unrecorded"
    return "ok" if file_hash(path) == expected else "tampered"
