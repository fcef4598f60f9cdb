"""The licence of the bundled age model, which must go with every copy of it."""

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from agelens.data_prep.core.errors import WeightsError

NAME = "LICENSE-AGE-MODEL"


def age_model_licence() -> Path:
    """Return the file of the licence: in a checkout, or in the metadata of the installed package.

    Raises:
        WeightsError: It is missing.
    """
    checkout = Path(__file__).parents[1] / NAME
    try:
        installed = [Path(str(file.locate())) for file in files("agelens") or () if file.name == NAME]
    except PackageNotFoundError:
        installed = []
    for path in (checkout, *installed):
        if path.is_file():
            return path
    msg = f"{NAME} is missing, and a copy of the bundled model needs it. Reinstall agelens, or name it with --licence."
    raise WeightsError(msg)
