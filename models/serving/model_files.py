"""The files of an exported model, by SHA-256: the card records them, and a model with other files is refused."""

from collections.abc import Mapping
from pathlib import Path

from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.core.hashing import file_hash
from agelens.models.serving.training_hashes import HASHES_FILE

NETWORK_FILE = "age_net.xml"

MODEL_FILES = (NETWORK_FILE, "age_net.bin", HASHES_FILE)
"""Everything in the folder of a model beside its card."""


def hash_files(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a model that is there, by name."""
    return {name: file_hash(folder / name) for name in MODEL_FILES if (folder / name).is_file()}


def check_files(folder: Path, recorded: Mapping[str, str]) -> None:
    """Check the files of a model against the hashes in its card; cards of earlier versions have none.

    Raises:
        WeightsError: A file is missing or differs by a single bit.
    """
    for name, expected in recorded.items():
        path = folder / name
        try:
            problem = None if file_hash(path) == expected else "is not the file that was exported"
        except OSError:
            problem = "is missing or cannot be read"
        if problem:
            msg = f"{path} {problem}: its SHA-256 must be that in model.json. Copy or export the model again."
            raise WeightsError(msg)
