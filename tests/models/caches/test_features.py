"""The feature cache: values, additions, removals and fingerprints."""

from collections.abc import Iterable, Iterator

import numpy as np
import pytest

from agelens.data_prep.batches.augment import Augmentation
from agelens.data_prep.batches.framed_crop import FramedCrop
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.images import Pixels, read_rgb, write_jpeg
from agelens.models.caches.features import EXTRACTION_BATCH, FeatureCache, crop_keys
from agelens.models.network.age_net import build_feature_net
from agelens.models.serving.runtime import OpenVinoNetwork, convert_network
from tests.damage import DAMAGES
from tests.models.small_networks import SIZE, TINY_FEATURES, build_tiny_backbone, noise_crops

SETTINGS = {"size": SIZE, "augmentation": Augmentation(), "seed": 4}


class CountingNetwork:
    """A network that counts the crops that it is given."""

    def __init__(self, network: OpenVinoNetwork) -> None:
        self.network, self.seen = network, 0

    def run(self, batches: Iterable[Pixels]) -> Iterator[dict[str, np.ndarray]]:
        batches = list(batches)
        self.seen += sum(map(len, batches))
        return self.network.run(batches)


@pytest.fixture(scope="module")
def keras_net():
    return build_feature_net(build_tiny_backbone())


@pytest.fixture(scope="module")
def compiled(keras_net):
    return OpenVinoNetwork(convert_network(keras_net))


@pytest.fixture
def network(compiled):
    return CountingNetwork(compiled)


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    """Forty crops by key: more than one batch."""
    folder = tmp_path_factory.mktemp("crops")
    paths = [folder / f"{index}.jpg" for index in range(40)]
    for path, image in zip(paths, noise_crops(40), strict=True):
        write_jpeg(path, image)
    return {f"made/{path.name}#0": FramedCrop(path) for path in paths}


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path / "features", "tiny-1")


def some(crops, *numbers):
    keys = list(crops)
    return {keys[number]: crops[keys[number]] for number in numbers}


def test_features_are_those_of_the_keras_network_in_the_requested_order(cache, crops, network, keras_net):
    assert cache.extend(crops, network, view=0, **SETTINGS) == 40
    keys = list(crops)[::-1]
    features = cache.read(keys, views=1)
    assert features.shape == (1, 40, TINY_FEATURES)
    assert features.dtype == np.float16
    expected = np.asarray(keras_net(np.stack([read_rgb(crops[key].path) for key in keys])))
    missed = np.linalg.norm(features[0].astype(np.float64) - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert missed.max() <= 1e-2
    assert np.unique(expected.round(4), axis=0).shape[0] == 40


def test_only_missing_features_are_computed(cache, crops, network):
    cache.extend(some(crops, 0, 1, 2), network, view=0, **SETTINGS)
    first = cache.read(list(some(crops, 0, 1, 2)), views=1)
    network.seen = 0
    assert cache.extend(some(crops, 3, 1, 4, 0), network, view=0, **SETTINGS) == 2
    assert network.seen == 2
    assert cache.extend(some(crops, 4, 3, 1, 0), network, view=0, **SETTINGS) == 0
    assert network.seen == 2
    np.testing.assert_array_equal(cache.read(list(some(crops, 0, 1)), views=1), first[:, :2])


@pytest.mark.parametrize("wanted", [(0, 2), (0, 3), (2, 1, 0)])
def test_features_of_removed_crops_are_removed(cache, crops, network, wanted):
    cache.extend(some(crops, 0, 1, 2), network, view=0, **SETTINGS)
    cache.extend(some(crops, *wanted), network, view=0, **SETTINGS)
    with np.load(cache.folder / "view_0.npz") as arrays:
        assert set(arrays["key"]) == set(some(crops, *wanted))
    assert cache.read(list(some(crops, *wanted)), views=1).shape == (1, len(wanted), TINY_FEATURES)


def test_unused_views_are_removed(cache, crops, network):
    for view in (0, 1, 2, 10):
        cache.extend(some(crops, 0), network, view=view, **SETTINGS)
    cache.remove_views(2)
    assert sorted(path.name for path in cache.folder.iterdir()) == ["fingerprint.txt", "view_0.npz", "view_1.npz"]


def test_progress_counts_every_crop_once(cache, crops, network):
    cache.extend(some(crops, 0, 1), network, view=0, **SETTINGS)
    heard = []
    cache.extend(crops, network, view=0, progress=heard.append, **SETTINGS)
    assert heard == [2, 16, 16, 6]


def test_a_cache_made_in_two_runs_equals_one_made_in_one(crops, compiled, tmp_path):
    whole, parts = (FeatureCache(tmp_path / name, "tiny-1") for name in ("whole", "parts"))
    wanted = some(crops, 0, 1, 2, 3)
    whole.extend(wanted, compiled, view=2, **SETTINGS)
    parts.extend(some(crops, 2), compiled, view=2, **SETTINGS)
    parts.extend(wanted, compiled, view=2, **SETTINGS)
    for cache in (whole, parts):
        cache.extend(wanted, compiled, view=0, **SETTINGS)
        cache.extend(wanted, compiled, view=1, **SETTINGS)
    np.testing.assert_allclose(
        parts.read(list(wanted), views=3), whole.read(list(wanted), views=3), rtol=2e-3, atol=1e-4
    )


def test_each_view_has_its_own_features(cache, crops, network):
    wanted = some(crops, 0, 1, 2)
    for view in range(3):
        cache.extend(wanted, network, view=view, **SETTINGS)
    features = cache.read(list(wanted), views=3)
    assert features.shape == (3, 3, TINY_FEATURES)
    assert all((features[a] != features[b]).any() for a, b in [(0, 1), (0, 2), (1, 2)])


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_view_is_named_when_read_and_replaced_when_extended(cache, crops, network, damage):
    cache.extend(crops, network, view=0, **SETTINGS)
    expected, path = cache.read(list(crops), views=1), cache.folder / "view_0.npz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=r"view_0\.npz lacks 40 images.*dvc repro cache_features"):
        cache.read(list(crops), views=1)
    assert cache.extend(crops, network, view=0, **SETTINGS) == 40
    np.testing.assert_array_equal(cache.read(list(crops), views=1), expected)


def test_another_fingerprint_empties_the_cache(cache, crops, network):
    wanted = some(crops, 0, 1)
    for view in range(2):
        cache.extend(wanted, network, view=view, **SETTINGS)
    other = FeatureCache(cache.folder, "tiny-2")
    with pytest.raises(DataError, match="missing or outdated"):
        other.read(list(wanted), views=1)
    assert other.extend(wanted, network, view=0, **SETTINGS) == 2
    with pytest.raises(DataError, match=r"view_1\.npz lacks 2 images"):
        other.read(list(wanted), views=2)
    with pytest.raises(DataError, match="missing or outdated"):
        cache.read(list(wanted), views=1)


def test_an_empty_cache_names_the_command_that_fills_it(cache, crops):
    with pytest.raises(DataError, match=r"missing or outdated\. Run `dvc repro cache_features`"):
        cache.read(list(crops), views=1)


def test_a_missing_image_is_named(cache, crops, network):
    cache.extend(some(crops, 0), network, view=0, **SETTINGS)
    with pytest.raises(DataError, match=r"view_0\.npz lacks 1 images, such as made/1\.jpg#0"):
        cache.read(list(some(crops, 0, 1)), views=1)


def test_black_crops_stop_the_extraction_and_are_not_stored(cache, network, tmp_path):
    path = tmp_path / "black.jpg"
    write_jpeg(path, np.zeros((SIZE, SIZE, 3), dtype=np.uint8))
    black = {f"made/black_{index}.jpg#0": FramedCrop(path) for index in range(EXTRACTION_BATCH)}
    with pytest.raises(DataError, match="must hold uint8 pixels"):
        cache.extend(black, network, view=0, **SETTINGS)
    with pytest.raises(DataError, match=r"view_0\.npz lacks"):
        cache.read(list(black), views=1)


def test_a_single_dark_crop_among_bright_ones_does_not_stop_the_extraction(cache, crops, network, tmp_path):
    path = tmp_path / "night.jpg"
    write_jpeg(path, np.full((SIZE, SIZE, 3), 3, dtype=np.uint8))
    # One more than a batch: the dark one is alone in the second.
    wanted = {**some(crops, *range(EXTRACTION_BATCH)), "made/night.jpg#0": FramedCrop(path)}
    assert cache.extend(wanted, network, view=0, **SETTINGS) == EXTRACTION_BATCH + 1


def test_a_single_dark_crop_that_was_added_does_not_stop_the_extraction(cache, crops, network, tmp_path):
    path = tmp_path / "night.jpg"
    write_jpeg(path, np.full((SIZE, SIZE, 3), 3, dtype=np.uint8))
    cache.extend(some(crops, 0, 1), network, view=0, **SETTINGS)
    assert cache.extend({**some(crops, 0, 1), "made/night.jpg#0": FramedCrop(path)}, network, view=0, **SETTINGS) == 1


def test_a_crop_with_other_bytes_has_another_key(crops, tmp_path):
    path = tmp_path / "a.jpg"
    keys = []
    for level in (40, 80, 40):
        write_jpeg(path, np.full((SIZE, SIZE, 3), level, dtype=np.uint8))
        keys += crop_keys(["made/a.jpg"], [FramedCrop(path)])
    assert keys[0] == keys[2] != keys[1]
    assert all(key.startswith("made/a.jpg#") for key in keys)


def test_another_framing_of_a_crop_has_another_key(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"one")
    shift = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]])
    framings = [None, shift, shift + 1e-6, shift + 0.01]
    keys = crop_keys(["made/a.jpg"] * 4, [FramedCrop(path, framing) for framing in framings])
    assert keys[1] == keys[2]
    assert len(set(keys)) == 3
