"""The Ray cluster on which crops are made and ages predicted, and paths that are valid on all of its machines."""

import logging
import os
from pathlib import Path
from typing import Any

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.sources.remote import is_address


def connect_to_ray(*, wanted_by: str) -> Any:
    """Return the module `ray`, connected to the cluster at `RAY_ADDRESS`, or to one that it starts on this machine.

    Args:
        wanted_by: The setting that chose Ray, for the message.

    Raises:
        DataError: Ray is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray  # noqa: PLC0415  optional, and takes seconds to import
        import ray.data  # noqa: PLC0415
    except ModuleNotFoundError as error:
        msg = f"{wanted_by} needs Ray: pip install 'agelens[scale]', or set the engine to local."
        raise DataError(msg) from error
    if not ray.is_initialized():
        ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.WARNING)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False
    return ray


def path_for_all(path: str) -> str:
    """Return a path that is valid in every working directory; addresses stay as they are."""
    return path if is_address(path) else str(Path(path).absolute())
