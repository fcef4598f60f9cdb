"""Hashes of files, which identify inputs and verify weights."""

import hashlib
from pathlib import Path


def file_hash(path: Path, *, algorithm: str = "sha256") -> str:
    """Return the hash of a file's content in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
