"""The trunk cache: values, interruptions, fingerprints and disk space."""

import shutil

import numpy as np
import pytest

from agelens.data_prep.batches.augment import Augmentation
from agelens.data_prep.batches.framed_crop import FramedCrop
from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.images import read_rgb, write_jpeg
from agelens.models.caches.features import EXTRACTION_BATCH
from agelens.models.caches.trunk_cache import TrunkCache
from agelens.models.network.backbones import unfreeze
from agelens.models.network.trunk import build_trunk_and_top
from agelens.models.serving.runtime import OpenVinoNetwork, convert_network
from tests.damage import DAMAGES
from tests.models.small_networks import SIZE, build_tiny_age_net, noise_crops

SETTINGS = {"size": SIZE, "augmentation": Augmentation(), "seed": 4}
COUNT = EXTRACTION_BATCH + 3


@pytest.fixture(scope="module")
def trunk():
    network = build_tiny_age_net()
    unfreeze(network.get_layer("tiny"), "block2_conv")
    return build_trunk_and_top(network)[0]


@pytest.fixture(scope="module")
def compiled(trunk):
    return OpenVinoNetwork(convert_network(trunk))


@pytest.fixture
def crops(tmp_path):
    files = [tmp_path / f"{index}.jpg" for index in range(COUNT)]
    for file, image in zip(files, noise_crops(COUNT), strict=True):
        write_jpeg(file, image)
    return [FramedCrop(file) for file in files]


@pytest.fixture
def cache(tmp_path, trunk):
    return TrunkCache(tmp_path / "trunk", "a", trunk.output_shape[1:])


class Refusing:
    """A network that must not be asked."""

    def run(self, batches):
        raise AssertionError(batches)


def test_activations_equal_those_of_the_trunk_in_half_precision(cache, crops, trunk, compiled):
    kept = cache.extend(crops, compiled, view=0, **SETTINGS)
    expected = np.asarray(trunk(np.stack([read_rgb(crop.path) for crop in crops])))
    assert kept.dtype == np.float16
    assert isinstance(kept, np.memmap)
    assert np.linalg.norm(kept - expected) <= 1e-3 * np.linalg.norm(expected)


def test_views_differ_and_each_is_computed_once(cache, crops, compiled):
    finished = []
    views = [np.array(cache.extend(crops, compiled, view=view, **SETTINGS)) for view in (0, 1)]
    assert (views[0] != views[1]).any()
    again = cache.extend(crops, Refusing(), view=1, **SETTINGS, progress=finished.append)
    np.testing.assert_array_equal(again, views[1])
    assert finished == [COUNT]


def test_another_fingerprint_empties_the_cache(cache, crops, compiled):
    cache.extend(crops, compiled, view=3, **SETTINGS)
    other = TrunkCache(cache.folder, "b", cache.shape)
    other.extend(crops, compiled, view=0, **SETTINGS)
    assert sorted(path.name for path in cache.folder.glob("view_*")) == ["view_0.npy"]


@pytest.mark.parametrize("kind", ["empty", "cut", "other type", "flipped"])
def test_a_view_that_cannot_be_read_is_computed_again(cache, crops, compiled, kind):
    expected = np.array(cache.extend(crops, compiled, view=0, **SETTINGS))
    path = cache.folder / "view_0.npy"
    path.write_bytes(DAMAGES[kind](path.read_bytes()))
    np.testing.assert_array_equal(cache.extend(crops, compiled, view=0, **SETTINGS), expected)


def test_an_interrupted_view_is_not_stored(cache, crops, compiled):
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.extend(crops, compiled, view=0, **SETTINGS, progress=stop)
    assert list(cache.folder.glob("*.npy")) == []


class Counting:
    """A network that notes the bytes on the disk, of the file that is being written, before each batch."""

    def __init__(self, network, folder):
        self.network, self.folder, self.sizes = network, folder, []

    def run(self, batches):
        for outputs in self.network.run(batches):
            self.sizes.append(sum(path.stat().st_size for path in self.folder.glob(".writing-*")))
            yield outputs


def test_a_view_grows_with_its_batches_so_that_a_full_disk_is_an_error_of_a_write(cache, crops, compiled):
    counting = Counting(compiled, cache.folder)
    cache.extend(crops, counting, view=0, **SETTINGS)
    assert len(counting.sizes) == 2
    assert max(counting.sizes) < cache.bytes_of(COUNT, views=1)


def test_an_activation_takes_two_bytes(cache):
    height, width, channels = cache.shape
    assert cache.bytes_of(10, views=3) == 2 * height * width * channels * 30


def test_too_little_disk_space_is_rejected_before_the_computation(cache, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(ParamsError, match=r"trunk cache needs .* GB in .* are free\. Buy another\."):
        cache.check_room(10, views=3, instead="Buy another.")


def test_finished_views_need_no_disk_space(cache, crops, compiled, monkeypatch):
    cache.extend(crops, compiled, view=0, **SETTINGS)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
    cache.check_room(COUNT, views=1, instead="")


def test_remove_deletes_the_folder(cache, crops, compiled):
    cache.extend(crops, compiled, view=0, **SETTINGS)
    cache.remove()
    assert not cache.folder.exists()
