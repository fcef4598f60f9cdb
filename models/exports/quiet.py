"""Runs converters, which print warnings about their own code, without their output."""

import contextlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator

from agelens.data_prep.core.errors import DataError

LOGGERS = ("tf2onnx", "tensorflow", "absl")


@contextlib.contextmanager
def converting(label: str) -> Iterator[None]:
    """Discard output, warnings and log messages of a converter; report its failure in one line.

    Args:
        label: The format, for the message.

    Raises:
        DataError: The converter failed.
    """
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    try:
        with warnings.catch_warnings(), _streams_discarded():
            warnings.simplefilter("ignore")
            for name in LOGGERS:
                logging.getLogger(name).setLevel(logging.CRITICAL)
            yield
    except (ImportError, MemoryError, DataError, OSError):
        raise
    except Exception as error:  # converters raise exceptions of many kinds, and some of them only Exception
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        msg = f"The installed versions cannot export this network to {label}: {reason}. Choose another format."
        raise DataError(msg) from error
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@contextlib.contextmanager
def _streams_discarded() -> Iterator[None]:
    """Send both output streams of this process to a temporary file: native libraries write to them directly."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = {number: os.dup(number) for number in (1, 2)}
    try:
        with tempfile.TemporaryFile() as nowhere:
            for number in kept:
                os.dup2(nowhere.fileno(), number)
            yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in kept.items():
            os.dup2(copy, number)
            os.close(copy)
