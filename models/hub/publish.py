"""Writes the repository of a model for the Hugging Face Hub, and pushes it."""

import shutil
from pathlib import Path
from typing import Any

from agelens.data_prep.core.atomic import write_text
from agelens.data_prep.core.errors import ParamsError, WeightsError
from agelens.data_prep.core.hashing import file_hash
from agelens.models.hub.address import HubAddress
from agelens.models.hub.download import check_names
from agelens.models.hub.model_page import model_page
from agelens.models.serving.model_card import MODEL_FILE, ModelCard
from agelens.models.serving.model_files import MODEL_FILES, check_files

PAGE, LICENCE, HASHES = "README.md", "LICENSE", "SHA256SUMS"
REPOSITORY_FILES = (MODEL_FILE, *MODEL_FILES, PAGE, LICENCE, HASHES)


def write_repository(model: Path, folder: Path, *, address: HubAddress, licence: Path | None) -> HubAddress:
    """Write the files of a repository: the model, its page, its licence, and the SHA-256 of each file.

    Args:
        model: Folder of an exported model.
        folder: Absent, empty, or written by an earlier call.
        address: Where the model will be.
        licence: Text of its licence, if there is one.

    Returns:
        The address with the hash of `model.json`, which fixes every file of the model.

    Raises:
        WeightsError: A file of the model is missing or damaged.
        ParamsError: The folder holds something else.
    """
    card = ModelCard.read(model)
    check_names(card, address)
    check_files(model, card.files)
    _check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in (MODEL_FILE, *MODEL_FILES):
        shutil.copyfile(model / name, folder / name)
    (folder / LICENCE).unlink(missing_ok=True)
    if licence is not None:
        shutil.copyfile(licence, folder / LICENCE)
    write_text(folder / PAGE, model_page(card, address=address, has_licence=licence is not None))
    names = [name for name in REPOSITORY_FILES if name != HASHES and (folder / name).is_file()]
    write_text(folder / HASHES, "".join(f"{file_hash(folder / name)}  {name}\n" for name in names))
    return HubAddress(address.repository, address.revision, file_hash(folder / MODEL_FILE))


def push_repository(folder: Path, address: HubAddress, *, private: bool, message: str) -> HubAddress:
    """Upload a repository and return the address with its commit; the repository is created if it does not exist.

    Raises:
        WeightsError: The hub refused it or did not answer.
    """
    import huggingface_hub as hub  # noqa: PLC0415

    api: Any = hub.HfApi()
    try:
        api.create_repo(address.repository, private=private, exist_ok=True)
        commit = api.upload_folder(
            repo_id=address.repository,
            folder_path=folder,
            revision=address.revision,
            allow_patterns=list(REPOSITORY_FILES),
            commit_message=message,
        )
    except Exception as error:  # httpx, huggingface_hub and the file system have errors without a common base
        reason = " ".join(str(error).split())[:200]
        msg = (
            f"{address} could not be published ({type(error).__name__}: {reason}). {folder} is complete. Check the "
            "name, and run `hf auth login` with a token that may write."
        )
        raise WeightsError(msg) from error
    return HubAddress(address.repository, commit.oid, address.sha256)


def _check_folder(folder: Path) -> None:
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_dir():
        found = {path.name for path in folder.iterdir()}
        if found <= set(REPOSITORY_FILES) and (not found or MODEL_FILE in found):
            return
    msg = f"{folder} must be absent, or a folder that `agelens publish` wrote. Choose another one with --to."
    raise ParamsError(msg)
