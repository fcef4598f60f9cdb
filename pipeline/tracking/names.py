"""Names, ids and tags of runs."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from agelens.pipeline.config.params import Params

OF_SOURCES = ("crop_faces", "split", "eda")
"""Jobs on photographs, whose runs are named after the sources; the others are named after the backbone."""

MAX_ID, MAX_TAG = 100, 64
"""Characters that W&B accepts: 128 in an id or in the name of an artifact, 64 in a tag."""

_part: ContextVar[str | None] = ContextVar("part", default=None)


@contextmanager
def part_of_a_protocol(part: str) -> Iterator[None]:
    """Name the runs that start inside the block after a part of a larger job, such as `fold 2 of 5`."""
    token = _part.set(part)
    try:
        yield
    finally:
        _part.reset(token)


def current_part() -> str | None:
    """Return the part of a larger job that is running, or None."""
    return _part.get()


def run_name(job: str, params: Params, *, label: str) -> str:
    """Return the name of a run, such as `train-efficientnet_lite0-20261126-074831`.

    Args:
        job: The stage.
        params: Name the sources and the backbone.
        label: Of the execution; the part of a protocol takes its place, as in `train-tiny-fold 2 of 5`.
    """
    subject = "+".join(params.sources) if job in OF_SOURCES else params.model.backbone
    return f"{job}-{subject}-{current_part() or label}"


def new_id(name: str) -> str:
    """Return an id for a run: its name with the characters that W&B accepts, and four that tell runs apart."""
    return f"{slug(name)[:MAX_ID]}-{secrets.token_hex(2)}"


def slug(name: str) -> str:
    """Return a name for a file or an id: characters that are not allowed in one become hyphens."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name)


def tags_of(params: Params) -> list[str]:
    """Return the tags of a run: its backbone and its sources."""
    return sorted({name[:MAX_TAG] for name in (params.model.backbone, *params.sources)})
