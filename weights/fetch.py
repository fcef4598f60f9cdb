"""Pretrained files: found in `weights/pretrained/` if the hash is right, else fetched and verified by pooch."""

import os
from pathlib import Path

import pooch
from platformdirs import user_cache_path

from agelens.data_prep.core.errors import WeightsError
from agelens.weights.registry import REGISTRY, WeightsFile

CHECKOUT = Path(__file__).parent


def pretrained_folder() -> Path:
    """Return where pretrained files lie: `$AGELENS_WEIGHTS`, else this checkout's, else the user's cache."""
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
    """Return `ok`, `missing` or `tampered` for the local copy of a pretrained file."""
    entry = find_entry(name)
    path = pretrained_folder() / entry.file
    if not path.is_file():
        return "missing"
    algorithm, _, expected = entry.digest.partition(":")
    return "ok" if pooch.file_hash(str(path), alg=algorithm) == expected else "tampered"


def fetch_weights(name: str, *, progress: bool = False) -> Path:
    """Return the verified local file of a pretrained network, downloading it if it is not there.

    A download lands beside its place, is verified and then moved, so a broken one is never used.

    Raises:
        WeightsError: The name is unknown, the local file is not the published one, or the download failed.
    """
    entry = find_entry(name)
    path = pretrained_folder() / entry.file
    state = verify_weights(name)
    if state == "ok":
        return path
    if state == "tampered":
        msg = f"{path} is not the published {entry.file} ({entry.digest} expected). Delete it and fetch it again."
        raise WeightsError(msg)
    try:
        found = pooch.retrieve(
            entry.url, known_hash=entry.digest, fname=entry.file, path=path.parent, progressbar=progress
        )
    except Exception as error:  # pooch lets every error of its transports through
        msg = (
            f"Could not fetch {entry.file} ({type(error).__name__}). Without a network, put the file from {entry.page} "
            f"into {path.parent}, or choose weights that need none (model.backbone: efficientnet_lite0)."
        )
        raise WeightsError(msg) from error
    return Path(found)
