"""The list of pretrained files holds together."""

import re
from urllib.parse import urlsplit

import pytest

from agelens.models.network.backbones import BACKBONES
from agelens.weights.registry import REGISTRY

DIGEST_LENGTHS = {"sha256": 64, "md5": 32}


@pytest.mark.parametrize("entry", REGISTRY.values(), ids=REGISTRY)
def test_every_file_has_a_whole_digest_an_https_address_and_a_licence(entry):
    algorithm, _, digest = entry.digest.partition(":")
    assert re.fullmatch(r"[0-9a-f]+", digest)
    assert len(digest) == DIGEST_LENGTHS[algorithm]
    assert entry.licence
    assert entry.figures
    for address in (entry.url, entry.page):
        assert urlsplit(address).scheme == "https"
    assert entry.size is None or entry.size > 1_000_000


@pytest.mark.parametrize("entry", REGISTRY.values(), ids=REGISTRY)
def test_the_name_on_disk_is_the_last_part_of_the_address(entry):
    assert urlsplit(entry.url).path.rsplit("/", 1)[1] == entry.file


def test_no_two_files_share_a_name_on_disk():
    assert len({entry.file for entry in REGISTRY.values()}) == len(REGISTRY)


def test_names_are_those_of_their_entries():
    assert all(name == entry.name for name, entry in REGISTRY.items())


def test_every_backbone_names_a_file_that_is_there():
    assert {backbone.registry_name for backbone in BACKBONES.values()} - {None} <= REGISTRY.keys()
