"""Loads a model from the Hugging Face Hub: only files of a model, each by its hash, and never any code.

A repository may hold anything. Of it, `model.json` is downloaded and checked first; then those of `MODEL_FILES` whose
hashes it records. They are data: an OpenVINO network, which cannot run code, and a list of hashes.
"""

from pathlib import Path
from typing import Any

from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.core.hashing import file_hash
from agelens.models.hub.address import HubAddress
from agelens.models.serving.model_card import MODEL_FILE, ModelCard
from agelens.models.serving.model_files import MODEL_FILES, check_files

MOST_BYTES = 2_000_000_000
"""Of one file; more is refused before it is downloaded."""

MOST_CARD_BYTES = 1_000_000


def fetch_model(address: HubAddress) -> Path:
    """Return the folder of a model from the hub, in the cache of huggingface_hub.

    Without a network, the copy in the cache is used, if there is one of this revision.

    Raises:
        WeightsError: huggingface_hub is not installed, the hub does not answer and the cache has no copy, there is no
            such model or revision, or a file is missing, too large or not the one that was published.
    """
    try:
        import huggingface_hub as hub  # noqa: PLC0415
    except ImportError as error:
        msg = f"{address} is on the Hugging Face Hub, which needs: pip install 'agelens[hub]'"
        raise WeightsError(msg) from error
    try:
        return _fetch(hub, address)
    except WeightsError:
        raise
    except Exception as error:  # httpx, huggingface_hub and the file system have errors without a common base
        raise WeightsError(_explain(hub, error, address)) from error


def _fetch(hub: Any, address: HubAddress) -> Path:
    commit, sizes = _resolve(hub, address)
    offline = sizes is None

    def get(name: str) -> Path:
        most = MOST_CARD_BYTES if name == MODEL_FILE else MOST_BYTES
        if sizes is not None and (size := sizes.get(name)) is not None and size > most:
            msg = f"{name} of {address} has {size:,} bytes; at most {most:,} are downloaded."
            raise WeightsError(msg)
        options = {"revision": commit, "local_files_only": offline}
        return Path(hub.hf_hub_download(address.repository, name, **options))

    path = get(MODEL_FILE)
    if address.sha256 not in (None, found := file_hash(path)):
        msg = f"model.json of {address} must have the SHA-256 {address.sha256}, not {found}: it is another model."
        raise WeightsError(msg)
    card = ModelCard.read(path.parent)
    check_names(card, address)
    for name in card.files:
        get(name)
    check_files(path.parent, card.files)
    return path.parent


def check_names(card: ModelCard, address: HubAddress) -> None:
    """Check that the card records every file of a model, and no other.

    Raises:
        WeightsError: A hash is missing, so that the file could be replaced, or the name is not one of a model's files.
    """
    if set(card.files) != set(MODEL_FILES):
        msg = (
            f"model.json of {address} must have the SHA-256 of {', '.join(MODEL_FILES)}, and of nothing else. "
            f"Received: {', '.join(sorted(map(str, card.files)))[:200] or 'none'}. `agelens publish` does so."
        )
        raise WeightsError(msg)


def _resolve(hub: Any, address: HubAddress) -> tuple[str, dict[str, int | None] | None]:
    """Return the commit of a revision and the sizes of its files; the revision and None if the hub does not answer."""
    try:
        info = hub.HfApi().model_info(address.repository, revision=address.revision, files_metadata=True, timeout=10)
    except Exception as error:  # also of the HTTP library, which huggingface_hub may exchange
        response = getattr(error, "response", None) if isinstance(error, hub.errors.HfHubHTTPError) else None
        if response is not None and response.status_code < 500:
            raise
        return address.revision, None
    return info.sha, {file.rfilename: file.size for file in info.siblings or []}


def _explain(hub: Any, error: Exception, address: HubAddress) -> str:
    errors = hub.errors
    reasons = {
        errors.GatedRepoError: "needs the consent of its owner: ask for it on the hub, then run `hf auth login`",
        errors.RepositoryNotFoundError: "is not there, or is private: check the name, or run `hf auth login`",
        errors.RevisionNotFoundError: "has no such revision",
        errors.LocalEntryNotFoundError: "cannot be reached, and there is no copy of it in the cache",
        errors.EntryNotFoundError: "lacks a file of a model; `agelens publish` writes such models",
    }
    for kind, reason in reasons.items():
        if isinstance(error, kind):
            return f"{address} {reason}."
    return f"{address} could not be loaded ({type(error).__name__}: {' '.join(str(error).split())[:200]})."
