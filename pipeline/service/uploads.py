"""Images in a request, read into memory: nothing is written to disk."""

from typing import NamedTuple

from fastapi import HTTPException, Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

FORM = "multipart/form-data"
MAX_NAME = 255
"""Characters of a file's name that an answer repeats."""


class Upload(NamedTuple):
    """One image as it was sent."""

    name: str
    content: bytes


def media_type(request: Request) -> str:
    """Return the content type of a request without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_image(request: Request, *, max_bytes: int) -> bytes:
    """Return the one image of a request: its body, or the field `image` of a form.

    Raises:
        HTTPException: 415 for another content type, 422 without an image, 400 for a form that cannot be read.
    """
    kind = media_type(request)
    if kind == FORM:
        uploads = await read_form(request, field="image", max_images=1, max_bytes=max_bytes)
        return uploads[0].content
    if kind.startswith("image/") or kind in {"application/octet-stream", ""}:
        if content := await request.body():
            return content
        raise HTTPException(422, "the body must be an image; it is empty")
    raise HTTPException(415, f"send the image as the body (image/*) or as the field image of a form, not {kind}")


async def read_form(request: Request, *, field: str, max_images: int, max_bytes: int) -> list[Upload]:
    """Return the files of a field of a form, in their order.

    Raises:
        HTTPException: 415 for another content type, 422 without a file in the field, 413 for too many files, 400 for a
            form that cannot be read.
    """
    if media_type(request) != FORM:
        raise HTTPException(415, f"send a form (multipart/form-data) with files in the field {field}")
    form = await _parse(request, max_files=max_images, max_bytes=max_bytes)
    try:
        files = [value for value in form.getlist(field) if isinstance(value, UploadFile)]
        if not files:
            raise HTTPException(422, f"the form must have a file in the field {field}")
        return [Upload((file.filename or "")[:MAX_NAME], await file.read()) for file in files]
    finally:
        await form.close()


async def _parse(request: Request, *, max_files: int, max_bytes: int) -> FormData:
    parser = MultiPartParser(request.headers, request.stream(), max_files=max_files, max_fields=10)
    parser.spool_max_size = max_bytes + 1  # larger parts would be written to a temporary file
    try:
        return await parser.parse()
    except MultiPartException as error:
        status = 413 if "Too many files" in error.message else 400
        raise HTTPException(status, error.message) from error
    except (KeyError, ValueError) as error:  # no boundary, or a malformed one
        raise HTTPException(400, "the form cannot be read") from error
