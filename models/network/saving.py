"""Saves a network so that equal networks are equal files: Keras writes the time of saving into them."""

import json
import zipfile
from pathlib import Path
from typing import Any

from agelens.data_prep.core.atomic import replacing

METADATA = "metadata.json"


def save_network(network: Any, path: Path) -> None:
    """Save a Keras network to a `.keras` file, atomically and without the time of saving.

    Args:
        network: A built Keras model.
        path: The file.
    """
    with replacing(path) as temporary:
        network.save(temporary)
        with zipfile.ZipFile(temporary) as saved:
            parts = {entry.filename: saved.read(entry) for entry in saved.infolist()}
        metadata = json.loads(parts[METADATA])
        metadata.pop("date_saved", None)
        parts[METADATA] = json.dumps(metadata).encode()
        with zipfile.ZipFile(temporary, "w") as rewritten:
            for name, content in parts.items():
                rewritten.writestr(zipfile.ZipInfo(name), content)  # of 1980, as the other parts in Keras's file
