"""A local file is used only if it has the published hash; no test here accesses a network."""

import hashlib
from pathlib import Path

import pooch
import pytest

from agelens.data_prep.core.errors import WeightsError
from agelens.weights import fetch
from agelens.weights.fetch import fetch_weights, find_entry, pretrained_folder, verify_weights
from agelens.weights.registry import REGISTRY, WeightsFile

CONTENT = b"the published weights"


def entry_of(name, digest):
    return WeightsFile(
        name=name,
        file=f"{name}.h5",
        url=f"https://example.invalid/files/{name}.h5",
        digest=digest,
        licence="MIT",
        page="https://example.invalid/about",
        figures="none",
    )


@pytest.fixture(autouse=True)
def entries(monkeypatch):
    """Two additional entries with the same content."""
    for name, digest in [
        ("by_sha", f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"),
        ("by_md5", f"md5:{hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()}"),
    ]:
        monkeypatch.setitem(REGISTRY, name, entry_of(name, digest))


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("AGELENS_WEIGHTS", str(tmp_path))
    return tmp_path


@pytest.fixture
def downloads(monkeypatch):
    """Replaces the network: maps addresses to content; any other address cannot be reached."""
    served = {}

    def download(url, output_file, _):
        if url not in served:
            message = "Name or service not known"
            raise ConnectionError(message)
        Path(output_file).write_bytes(served[url])

    monkeypatch.setattr("pooch.core.choose_downloader", lambda *_, **__: download)
    return served


@pytest.fixture
def offline(monkeypatch):
    def refuse(*_, **__):
        pytest.fail("the network was accessed")

    monkeypatch.setattr(pooch, "retrieve", refuse)


@pytest.mark.parametrize("name", ["by_sha", "by_md5"])
@pytest.mark.parametrize(
    ("content", "state"), [(CONTENT, "ok"), (CONTENT + b"!", "tampered"), (b"", "tampered"), (None, "missing")]
)
def test_a_local_file_is_verified_by_its_digest(name, content, state, folder):
    if content is not None:
        (folder / f"{name}.h5").write_bytes(content)
    assert verify_weights(name) == state


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", ["by_sha", "by_md5"])
def test_a_valid_local_file_is_used_without_a_network(name, folder):
    (folder / f"{name}.h5").write_bytes(CONTENT)
    assert fetch_weights(name) == folder / f"{name}.h5"


@pytest.mark.usefixtures("offline")
def test_a_tampered_local_file_is_rejected_and_kept(folder):
    path = folder / "by_sha.h5"
    path.write_bytes(b"something else")
    with pytest.raises(WeightsError, match=r"by_sha\.h5 is not the published .*Delete it and fetch it again"):
        fetch_weights("by_sha")
    assert path.read_bytes() == b"something else"


def test_a_missing_file_is_downloaded_and_kept(folder, downloads):
    downloads[REGISTRY["by_sha"].url] = CONTENT
    path = fetch_weights("by_sha")
    assert path == folder / "by_sha.h5"
    assert path.read_bytes() == CONTENT
    downloads.clear()
    assert fetch_weights("by_sha") == path


def test_a_missing_folder_is_created(folder, downloads, monkeypatch):
    monkeypatch.setenv("AGELENS_WEIGHTS", str(folder / "new" / "deep"))
    downloads[REGISTRY["by_md5"].url] = CONTENT
    assert fetch_weights("by_md5").parent == folder / "new" / "deep"


def test_a_download_with_a_wrong_hash_is_rejected_and_deleted(folder, downloads):
    downloads[REGISTRY["by_sha"].url] = b"a page that asks to log in"
    with pytest.raises(WeightsError, match=r"Could not fetch by_sha\.h5"):
        fetch_weights("by_sha")
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("downloads")
def test_a_failed_download_names_the_file_the_page_and_the_folder(folder):
    with pytest.raises(WeightsError) as error:
        fetch_weights("by_sha")
    for part in ("by_sha.h5", "ConnectionError", "https://example.invalid/about", str(folder)):
        assert part in str(error.value)


def test_an_unknown_name_is_rejected_with_a_list_of_the_known_ones(folder):
    for function in (find_entry, verify_weights, fetch_weights):
        with pytest.raises(WeightsError, match=r"one of .*resnet50_imagenet.*Received: vgg16"):
            function("vgg16")
    assert list(folder.iterdir()) == []


def test_the_folder_comes_from_the_environment_the_checkout_or_the_user_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("AGELENS_WEIGHTS", str(tmp_path / "mine"))
    assert pretrained_folder() == tmp_path / "mine"
    monkeypatch.delenv("AGELENS_WEIGHTS")
    assert pretrained_folder() == Path(fetch.__file__).parent / "pretrained"
    monkeypatch.setattr(fetch, "CHECKOUT", tmp_path / "site-packages" / "weights")
    monkeypatch.setattr(fetch, "user_cache_path", lambda name: tmp_path / "cache" / name)
    assert pretrained_folder() == tmp_path / "cache" / "agelens" / "pretrained"
