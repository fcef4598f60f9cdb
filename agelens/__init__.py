"""Estimate ages from photographs of faces.

    >>> import agelens
    >>> predictor = agelens.AgePredictor.load()
    >>> predictions = predictor.predict([agelens.read_rgb("photo.jpg")])

Importing this package loads nothing else; each name below is imported when it is first used.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agelens.data_prep.core.errors import AgelensError, DataError, ImageError, ParamsError, WeightsError
    from agelens.data_prep.core.images import read_rgb
    from agelens.models.serving.predictions import AgePrediction
    from agelens.models.serving.predictor import AgePredictor

try:
    __version__ = version("agelens")
except PackageNotFoundError:  # a checkout on the path that was never installed
    __version__ = "0+unknown"

_HOMES = {
    "AgePrediction": "agelens.models.serving.predictions",
    "AgePredictor": "agelens.models.serving.predictor",
    "AgelensError": "agelens.data_prep.core.errors",
    "DataError": "agelens.data_prep.core.errors",
    "ImageError": "agelens.data_prep.core.errors",
    "ParamsError": "agelens.data_prep.core.errors",
    "WeightsError": "agelens.data_prep.core.errors",
    "read_rgb": "agelens.data_prep.core.images",
}

__all__ = [
    "AgePrediction",
    "AgePredictor",
    "AgelensError",
    "DataError",
    "ImageError",
    "ParamsError",
    "WeightsError",
    "__version__",
    "read_rgb",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module 'agelens' has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
