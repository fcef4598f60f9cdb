"""The address of a model on the Hugging Face Hub: `hf://owner/name`, with a revision and a hash if they are fixed."""

import re
from dataclasses import dataclass
from typing import Self

from agelens.data_prep.core.errors import WeightsError

SCHEME = "hf://"
PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
ADDRESS = re.compile(rf"hf://(?P<repository>{PART}/{PART})(@(?P<revision>[^#\s]+))?(#(?P<sha256>[0-9a-f]{{64}}))?")


def is_address(model: object) -> bool:
    """Return whether a model is named by an address rather than by a folder."""
    return isinstance(model, str) and model.startswith(SCHEME)


@dataclass(frozen=True)
class HubAddress:
    """Where a model is on the hub.

    Args:
        repository: `owner/name`.
        revision: A branch, a tag or a commit.
        sha256: That the card `model.json` must have, in 64 hexadecimal digits; the card has the hashes of the other
            files, so that it fixes all of them. None accepts any.
    """

    repository: str
    revision: str = "main"
    sha256: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address, `hf://owner/name[@revision][#sha256]`.

        Raises:
            WeightsError: It has another form.
        """
        if (found := ADDRESS.fullmatch(text)) is None or ".." in text:
            msg = (
                "The address of a model must be hf://owner/name, with @revision and #SHA256 of its model.json if they "
                f"are fixed. Received: {text[:200]!r}."
            )
            raise WeightsError(msg)
        return cls(found["repository"], found["revision"] or "main", found["sha256"])

    def __str__(self) -> str:
        """Return the address as text."""
        revision = "" if self.revision == "main" else f"@{self.revision}"
        return f"{SCHEME}{self.repository}{revision}" + (f"#{self.sha256}" if self.sha256 else "")
