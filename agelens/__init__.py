"""Estimate ages from photographs of faces.

    >>> import agelens
    >>> predictor = agelens.AgePredictor.load()
    >>> for face in predictor.predict("photo.jpg"):
    ...     print(face.age, face.interval)

`AgePredictor` predicts, `AgePrediction` is the result for one face, `read_rgb` reads an image file. Expected errors
derive from `AgelensError`. Importing this package loads nothing else; each name is imported when it is first used.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str
    from agelens.data_prep.core.errors import AgelensError, DataError, ImageError, ParamsError, WeightsError
    from agelens.data_prep.core.images import read_rgb
    from agelens.models.serving.predictions import AgePrediction, FacePredictions, ImagePredictions
    from agelens.models.serving.predictor import AgePredictor

if (_checkout := Path(__file__).resolve().parents[1]).joinpath("dvc.yaml").is_file():
    # `python -m agelens` in any checkout runs the code of that checkout, such as the clone of a queued experiment;
    # an editable installation by itself maps to the checkout that was installed.
    __path__.insert(0, str(_checkout))

_MODULES = {
    "AgePrediction": "agelens.models.serving.predictions",
    "AgePredictor": "agelens.models.serving.predictor",
    "AgelensError": "agelens.data_prep.core.errors",
    "DataError": "agelens.data_prep.core.errors",
    "FacePredictions": "agelens.models.serving.predictions",
    "ImageError": "agelens.data_prep.core.errors",
    "ImagePredictions": "agelens.models.serving.predictions",
    "ParamsError": "agelens.data_prep.core.errors",
    "WeightsError": "agelens.data_prep.core.errors",
    "read_rgb": "agelens.data_prep.core.images",
}

__all__ = [
    "AgePrediction",
    "AgePredictor",
    "AgelensError",
    "DataError",
    "FacePredictions",
    "ImageError",
    "ImagePredictions",
    "ParamsError",
    "WeightsError",
    "__version__",
    "read_rgb",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name == "__version__":
        value: Any = _installed_version()
    elif name in _MODULES:
        value = getattr(import_module(_MODULES[name]), name)
    else:
        msg = f"module 'agelens' has no attribute {name!r}"
        raise AttributeError(msg)
    globals()[name] = value
    return value


def _installed_version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  a third of the import of this package

    try:
        return version("agelens")
    except PackageNotFoundError:  # a checkout that is on the path but not installed
        return "0+unknown"


def __dir__() -> list[str]:
    return sorted(__all__)
