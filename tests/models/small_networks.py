"""Small networks, and crops whose brightness encodes their age, for several tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.images import Pixels, write_jpeg
from agelens.models.network.age_net import build_age_net
from agelens.models.network.backbones import build_backbone
from agelens.models.network.heads import HeadConfig, build_head

SIZE = 32
GROUPS = 5
TINY_FEATURES = 32


def noise_crops(count: int, *, size: int = SIZE, seed: int = 0) -> Pixels:
    """Return crops `uint8 (count, size, size, 3)` of blurred noise with different brightness."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, size // 8, size // 8, 3), dtype=np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2) // 2 + rng.integers(0, 100, (count, 1, 1, 3), dtype=np.uint8)


def write_ages(folder: Path, ages: Sequence[float]) -> list[Path]:
    """Write one flat crop per age, of grey level 30 + 2 * age, and return the files."""
    paths = [folder / f"{index:03d}.jpg" for index in range(len(ages))]
    for path, age in zip(paths, ages, strict=True):
        write_jpeg(path, np.full((SIZE, SIZE, 3), 30 + 2 * age, dtype=np.uint8))
    return paths


def build_tiny_backbone(*, seed: int = 0) -> Any:
    """Build the tiny backbone with random weights and statistics of BatchNormalization that are not the defaults."""
    keras.utils.set_random_seed(seed)
    backbone = build_backbone("tiny", input_shape=(SIZE, SIZE, 3), weights="none")
    rng = np.random.default_rng(seed)
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            shape = layer.gamma.shape
            layer.set_weights(
                [rng.uniform(low, high, shape) for low, high in [(0.8, 1.2), (0, 0.2), (0, 0.2), (0.02, 0.05)]]
            )
    return backbone


def build_tiny_age_net(*, seed: int = 0, **config: Any) -> Any:
    """Build the whole network on the tiny backbone."""
    backbone = build_tiny_backbone(seed=seed)
    return build_age_net(
        backbone, build_head(HeadConfig(**{"units": 16, **config}), features=TINY_FEATURES, groups=GROUPS)
    )


def outputs_of(network: Any, crops: Pixels) -> dict[str, npt.NDArray[np.float64]]:
    """Return all outputs of a Keras network by name."""
    return {name: np.asarray(output, dtype=np.float64) for name, output in network(crops).items()}
