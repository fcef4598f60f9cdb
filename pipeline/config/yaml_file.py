"""Reads a YAML file that a user wrote: every fault is one line, and a key that occurs twice is a fault too."""

from pathlib import Path
from typing import Any

import yaml

from agelens.data_prep.core.errors import ParamsError

MAX_BYTES = 1_000_000
"""The largest file that is read; params.yaml has about 6,000 bytes."""


class _UniqueKeyLoader(yaml.SafeLoader):
    """The safe loader, which would keep the last of two equal keys without an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"]
        if twice := next((key for number, key in enumerate(keys) if key in keys[:number]), None):
            message = f"the key {twice} occurs twice"
            raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file.

    Raises:
        ParamsError: The file is too large, is not UTF-8 or not YAML, has a key twice, or nests too deeply.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        msg = f"{path} must have at most {MAX_BYTES:,} bytes. Received: {size:,} bytes."
        raise ParamsError(msg)
    try:
        return yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_UniqueKeyLoader)
    except UnicodeDecodeError as error:
        msg = f"{path} must be text in UTF-8. Byte {error.start} is not; save the file again as UTF-8."
        raise ParamsError(msg) from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a number with thousands of digits, a month 13
        msg = f"{path} is not YAML: {' '.join(str(error).split())[:300]}"
        raise ParamsError(msg) from error
    except RecursionError as error:
        msg = f"{path} is not YAML for settings: it nests hundreds of lists or mappings."
        raise ParamsError(msg) from error
