"""The standard streams of the command, in any locale."""

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agelens.data_prep.core.errors import DataError


def make_streams_safe() -> None:
    """Let the output streams write an escape for a character that their encoding lacks, instead of raising an error.

    A terminal with cp1252 or ASCII has no character for most of the names that files can have.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def reporting_full_output() -> Iterator[None]:
    """Report in one line that the standard output cannot be written, as on a full disk.

    A reader that closed its pipe needs no further output, which is not reported.

    Raises:
        DataError: The standard output cannot be written.
    """
    try:
        yield
    except OSError as error:
        # What is still buffered would raise the same error again when the interpreter ends.
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        if error.errno == errno.EPIPE:
            raise
        msg = f"The standard output cannot be written: {error.strerror}. Free space, or send it somewhere else."
        raise DataError(msg) from error
