"""The demo's settings, and the same with one of them changed."""

import copy
from typing import Any

import yaml

from tests.locations import ROOT

DEMO: dict[str, Any] = yaml.safe_load((ROOT / "params/demo.yaml").read_text(encoding="utf-8"))


def changed(place: str, value: Any) -> dict[str, Any]:
    """Return the demo's settings with another value at `section.key`."""
    settings = copy.deepcopy(DEMO)
    *parents, last = place.split(".")
    section = settings
    for name in parents:
        section = section[name]
    section[last] = value
    return settings
