"""Expected errors: problems with a user's files, settings or weights, as opposed to bugs.

AgelensError
├── DataError        photographs, labels or tables are missing or invalid
│   └── ImageError   one image cannot be used; has a short `reason` for the table of rejected rows
├── WeightsError     a file of weights is missing, unknown or has another hash
└── ParamsError      a value in params.yaml or of a command-line option is invalid

A message says what must hold, what was received and what to do. The command line prints it as one line and exits with
status 1. Any other exception is a bug and is printed with its traceback.
"""

from pathlib import Path


class AgelensError(Exception):
    """Base class of all expected errors."""


class DataError(AgelensError):
    """Photographs, labels or tables are missing or invalid."""


class ImageError(DataError):
    """One image cannot be used.

    Args:
        reason: Short code, for example `truncated`, by which reports count rejected rows.
        detail: Description of what was found.

    The attribute `path` is the file, where the image is one.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.path: Path | None = None


class WeightsError(AgelensError):
    """A file of weights is missing, unknown or has another hash."""


class ParamsError(AgelensError):
    """A value in params.yaml or of a command-line option is invalid."""
