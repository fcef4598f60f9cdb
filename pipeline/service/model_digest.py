"""A hash that identifies an exported model."""

import hashlib
from pathlib import Path

from agelens.data_prep.core.hashing import file_hash
from agelens.models.serving.model_card import MODEL_FILE
from agelens.models.serving.model_files import NETWORK_FILE
from agelens.weights.defaults import AGE_MODEL


def model_digest(folder: Path | None) -> str:
    """Return the SHA-256 of the hashes of a model's card and network; None is the bundled model."""
    home = folder or AGE_MODEL
    network = home / NETWORK_FILE
    parts = [file_hash(path) for path in (home / MODEL_FILE, network, network.with_suffix(".bin"))]
    return hashlib.sha256("".join(parts).encode()).hexdigest()
