"""Import modules that load TensorFlow without its start-up messages, and hide its warnings about retracing."""

import logging
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any


def is_not_about_retracing(record: logging.LogRecord) -> bool:
    """Return whether a message is not TensorFlow's warning about retracing.

    TensorFlow traces the functions of each new model, and takes that for repeated tracing of one function.
    """
    return "triggered tf.function retracing" not in record.getMessage()


def import_quietly(module: str) -> Any:
    """Import a module and discard what native libraries write to the standard error stream while they load.

    TensorFlow's libraries write before any of its log settings apply, and again when they look for a GPU. Errors of the
    import itself are raised as usual.
    """
    logging.getLogger("tensorflow").addFilter(is_not_about_retracing)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            imported = import_module(module)
            if tensorflow := sys.modules.get("tensorflow"):
                tensorflow.config.list_physical_devices()  # reports an error where there is no driver for a GPU
            return imported
        finally:
            os.dup2(kept, 2)
            os.close(kept)
