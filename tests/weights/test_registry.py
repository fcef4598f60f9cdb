"""The registry of published weights is consistent."""

import re
from urllib.parse import urlsplit

import pytest

from agelens.models.network.backbones import BACKBONES
from agelens.weights.registry import REGISTRY

DIGEST_LENGTHS = {"sha256": 64, "md5": 32}


@pytest.mark.parametrize("entry", REGISTRY.values(), ids=REGISTRY)
def test_every_entry_has_a_complete_digest_https_addresses_and_a_licence(entry):
    algorithm, _, digest = entry.digest.partition(":")
    assert re.fullmatch(r"[0-9a-f]+", digest)
    assert len(digest) == DIGEST_LENGTHS[algorithm]
    assert entry.licence
    assert entry.figures
    for address in (entry.url, entry.page):
        assert urlsplit(address).scheme == "https"
    assert "/latest/" not in entry.url, "the address must always give the same file"
    assert entry.size is None or entry.size > 1_000_000


@pytest.mark.parametrize("entry", REGISTRY.values(), ids=REGISTRY)
def test_the_file_name_is_the_last_part_of_the_address(entry):
    assert urlsplit(entry.url).path.rsplit("/", 1)[1] == entry.file


def test_file_names_are_unique():
    assert len({entry.file for entry in REGISTRY.values()}) == len(REGISTRY)


def test_keys_are_the_names_of_their_entries():
    assert all(name == entry.name for name, entry in REGISTRY.items())


def test_the_weights_of_every_backbone_are_in_the_registry():
    assert {backbone.registry_name for backbone in BACKBONES.values()} - {None} <= REGISTRY.keys()
