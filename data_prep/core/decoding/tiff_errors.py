"""Errors that libtiff reports while a file is decoded; without this, it prints them to the standard error.

libtiff reports an error and continues where it can: a damaged fax image (CCITT group 3 or 4) is decoded to noise.
Pillow does not pass these reports on. They are caught by libtiff's own function for it, in the thread that decodes.
"""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from PIL import _imaging

MAX_ERRORS = 20
"""Errors of one file that are kept; a damaged image can have one for each of its lines."""

HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)

_caught = threading.local()


@contextmanager
def catching_tiff_errors() -> Iterator[list[str]]:
    """Collect the errors that libtiff reports in this thread, one line each, instead of printing them.

    Where Pillow's libtiff cannot be reached, as on Windows, the list stays empty and libtiff prints.
    """
    _install()
    errors: list[str] = []
    _caught.errors = errors
    try:
        yield errors
    finally:
        _caught.errors = None


@cache
def _install() -> Any:
    """Replace libtiff's function that prints errors, once in a process; the return value keeps the new one alive."""
    try:
        library = ctypes.CDLL(_imaging.__file__)  # libtiff is among the libraries that it loads
        set_handler, to_text = library.TIFFSetErrorHandler, ctypes.CDLL(None).vsnprintf
    except (OSError, AttributeError, TypeError):
        return None
    to_text.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_void_p)
    set_handler.argtypes, set_handler.restype = (HANDLER,), ctypes.c_void_p
    replaced: list[Any] = []

    def handle(module: bytes | None, form: bytes, values: int | None) -> None:
        errors = getattr(_caught, "errors", None)
        if errors is None:
            if replaced:
                replaced[0](module, form, values)
        elif len(errors) < MAX_ERRORS:
            line = ctypes.create_string_buffer(200)
            to_text(line, len(line), form, values)
            errors.append(f"{(module or b'libtiff').decode(errors='replace')}: {line.value.decode(errors='replace')}")

    handler = HANDLER(handle)
    if address := set_handler(handler):
        replaced.append(HANDLER(address))
    return handler
