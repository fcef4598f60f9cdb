"""JSON files of a search that carry their own hash, so that a damaged one is noticed."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HASH = "sha256"


class DamagedState(Exception):
    """A file of the state of a search was changed by something else than the search."""


def with_hash(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return values that JSON can hold with the hash of all of them."""
    plain = json.loads(json.dumps(content))
    return {**plain, HASH: _hash(plain)}


def read_hashed(path: Path) -> dict[str, Any]:
    """Return the values of a file that `with_hash` prepared; a file of an earlier version has no hash.

    Raises:
        DamagedState: The file cannot be read, or its hash differs.
    """
    try:
        content = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise DamagedState(path) from error
    stored = content.pop(HASH, None)
    if stored not in (None, _hash(content)):
        raise DamagedState(path)
    return content


def _hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
