"""The errors that users are expected to meet.

AgelensError
├── DataError        the photographs, labels or tables are not what they must be
│   └── ImageError   one image cannot be used; carries a short `reason` for the table of rejected rows
├── WeightsError     a file of weights is missing, unknown or not the one it claims to be
└── ParamsError      params.yaml or a command-line option asks for something impossible

A message says what must hold, what was received and what to do. The command line prints it as one line and exits
with 1; anything else is a bug and keeps its traceback.
"""


class AgelensError(Exception):
    """Base of every expected error: catch this one."""


class DataError(AgelensError):
    """The photographs, labels or tables are not what they must be."""


class ImageError(DataError):
    """One image cannot be used.

    Args:
        reason: Short code, for example `truncated`; counted in tables of rejected rows.
        detail: What was found, in words.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class WeightsError(AgelensError):
    """A file of weights is missing, unknown or not the one it claims to be."""


class ParamsError(AgelensError):
    """The parameters ask for something impossible."""
