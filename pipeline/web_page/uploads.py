"""Receives the photographs that a visitor uploads, within limits."""

import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from agelens.pipeline.web_page.predictions import MAX_PHOTOGRAPHS
from agelens.pipeline.web_page.stored_files import store_files, stored_bytes

MAX_FILE_BYTES = 20_000_000
MAX_UPLOAD_BYTES = 500_000_000
MAX_STORED_BYTES = 2_000_000_000
MAX_UPLOADS = 16
"""Uploads at the same time."""

IDLE_SECONDS = 30
"""Without a byte, after which an upload ends."""

RETRY_SECONDS = 10
"""After which a browser may try again when the page is busy."""


class UploadError(MultiPartException):
    """An upload that is refused; the parser closes its files for this kind of error."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def busy(reason: str) -> Response:
    """Return the answer to a request that may be repeated later."""
    return PlainTextResponse(reason, status_code=503, headers={"Retry-After": str(RETRY_SECONDS)})


class Uploads:
    """Stores uploads.

    Args:
        folder: Whose size is limited, with everything below it.
        max_stored: Bytes in it, from which no upload is taken.
    """

    def __init__(self, folder: Path, *, max_stored: int = MAX_STORED_BYTES) -> None:
        self._folder, self._max_stored = folder, max_stored
        self._present, self._stored, self._counted = 0, 0, 0.0

    async def answer(self, request: Request, *, folder: Path) -> Response:
        """Store the field `files` of a form in a folder, and return the paths as Gradio's page expects them."""
        if self._present >= MAX_UPLOADS:
            return busy("Too many uploads at the same time.")
        self._present += 1
        try:
            if await self._is_full():
                return busy("There is no space for more photographs. They are deleted within minutes.")
            paths = await self._store(request, folder)
        except UploadError as error:
            return PlainTextResponse(error.message, status_code=error.status)
        except OSError:  # the disk is full
            return busy("The upload cannot be stored.")
        finally:
            self._present -= 1
        return JSONResponse([str(path) for path in paths])

    async def _is_full(self) -> bool:
        if time.monotonic() > self._counted + 1:  # counted once a second at most
            self._counted = time.monotonic()
            self._stored = await anyio.to_thread.run_sync(stored_bytes, self._folder)
        return self._stored > self._max_stored

    async def _store(self, request: Request, folder: Path) -> list[Path]:
        parser = MultiPartParser(request.headers, _limited(request), max_files=MAX_PHOTOGRAPHS, max_fields=10)
        try:
            form = await parser.parse()
        except UploadError:
            raise
        except MultiPartException as error:
            raise UploadError(413 if "Too many files" in error.message else 400, error.message) from error
        except (KeyError, ValueError) as error:  # no boundary, or a malformed one
            raise UploadError(400, "The upload cannot be read.") from error
        try:
            files = [one for one in form.getlist("files") if isinstance(one, UploadFile)]
            if not files:
                raise UploadError(400, "The upload has no files.")
            if any((file.size or 0) > MAX_FILE_BYTES for file in files):
                raise UploadError(413, f"A file may have at most {MAX_FILE_BYTES // 1_000_000} MB.")
            self._stored += sum(file.size or 0 for file in files)
            named: list[Any] = [(file.filename or "", file.file) for file in files]
            return await anyio.to_thread.run_sync(store_files, folder, named)
        finally:
            await form.close()


async def _limited(request: Request) -> AsyncGenerator[bytes, None]:
    """Yield the body of a request until it is too long or nothing comes any more."""
    received, stream = 0, request.stream()
    while True:
        try:
            with anyio.fail_after(IDLE_SECONDS):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise UploadError(408, f"The upload stopped for {IDLE_SECONDS} seconds.") from error
        except ClientDisconnect as error:
            raise UploadError(400, "The upload ended before it was complete.") from error
        received += len(chunk)
        if received > MAX_UPLOAD_BYTES:
            raise UploadError(413, f"An upload may have at most {MAX_UPLOAD_BYTES // 1_000_000} MB.")
        yield chunk
