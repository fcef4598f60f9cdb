"""Saves a network so that equal networks are equal files: Keras writes the time and places in memory into them."""

import json
import re
import zipfile
from pathlib import Path
from typing import Any

from agelens.data_prep.core.atomic import replacing

METADATA, CONFIG = "metadata.json", "config.json"

SHARED_OBJECT = re.compile(r'(?<="shared_object_id": )\d+')
"""How Keras marks objects of a configuration that are one object: by their place in memory."""


def save_network(network: Any, path: Path) -> None:
    """Save a Keras network to a `.keras` file, atomically, without the time of saving and places in memory.

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
        parts[CONFIG] = number_shared_objects(parts[CONFIG].decode()).encode()
        with zipfile.ZipFile(temporary, "w") as rewritten:
            for name, content in parts.items():
                rewritten.writestr(zipfile.ZipInfo(name), content)  # of 1980, as the other parts in Keras's file


def number_shared_objects(config: str) -> str:
    """Return a configuration whose shared objects are numbered from 1 in the order in which they occur."""
    numbers: dict[str, int] = {}
    return SHARED_OBJECT.sub(lambda found: str(numbers.setdefault(found.group(), len(numbers) + 1)), config)
