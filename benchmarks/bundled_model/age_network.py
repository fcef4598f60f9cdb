"""The bundled age network in PyTorch: dlib's ResNet-29, means of its later maps, one dense layer and the outputs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from agelens.data_prep.core.labels import ATTRIBUTES, MAX_AGE
from agelens.weights.dlib_resnet import read_dlib_resnet

# As in agelens.models.network.dlib_resnet, which loads TensorFlow: a process with TensorFlow aborts when PyTorch loads
# its compiler. `transfer` fails where the two differ.
MEAN_RGB, SCALE = (122.782, 117.001, 104.298), 256.0
GROUPS = ((32, 3), (64, 4), (128, 3), (256, 3), (256, 1))
FEATURE_GROUPS = (2, 3, 4, 5)

FIRST_AGES = (0, 13, 26, 43, 61)
"""First ages of the age groups."""

OUTPUTS = {
    "age_distribution": MAX_AGE + 1,
    "age_group": len(FIRST_AGES),
    "gender": len(ATTRIBUTES["gender"].classes),
    "ethnicity": len(ATTRIBUTES["ethnicity"].classes),
}
"""Widths of the outputs, in their order in the last layer."""


class Block(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut; a halving block averages its shortcut and pads what is smaller."""

    def __init__(self, inputs: int, width: int, *, halves: bool) -> None:
        super().__init__()
        self.halves = halves
        self.conv1 = nn.Conv2d(inputs, width, 3, stride=2 if halves else 1, padding=0 if halves else 1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the maps of the next block."""
        y = self.conv2(functional.relu(self.conv1(x)))
        if self.halves:
            x = functional.avg_pool2d(x, 2)
            shape = [max(pair) for pair in zip(x.shape[1:], y.shape[1:], strict=True)]
            x, y = _pad(x, shape), _pad(y, shape)
        return functional.relu(x + y)


def _pad(x: torch.Tensor, shape: list[int]) -> torch.Tensor:
    """Pad with zeros at the end of channels, rows and columns."""
    channels, rows, columns = (wanted - given for wanted, given in zip(shape, x.shape[1:], strict=True))
    return functional.pad(x, (0, columns, 0, rows, 0, channels))


class Trunk(nn.Module):
    """dlib's ResNet-29 from RGB 0..255 `(B, 3, S, S)` to the means of `FEATURE_GROUPS` `(B, 704)`."""

    mean: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, GROUPS[0][0], 7, stride=2)
        self.blocks = nn.ModuleList()
        self.ends = []
        channels = GROUPS[0][0]
        for group, (width, count) in enumerate(GROUPS, start=1):
            for index in range(count):
                self.blocks.append(Block(channels, width, halves=index == 0 and group > 1))
                channels = width
            if group in FEATURE_GROUPS:
                self.ends.append(len(self.blocks) - 1)
        self.register_buffer("mean", torch.tensor(MEAN_RGB).view(1, 3, 1, 1), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the features."""
        x = functional.relu(self.stem((x - self.mean) / SCALE))
        x = functional.max_pool2d(x, 3, 2)
        means = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.ends:
                means.append(x.float().mean((2, 3)))
        return torch.cat(means, 1)

    def convolutions(self) -> list[nn.Conv2d]:
        """Return the 29 convolutions from input to output."""
        return [module for module in self.modules() if isinstance(module, nn.Conv2d)]


class AgeNetwork(nn.Module):
    """From RGB 0..255 `(B, 3, S, S)` to the logits of each of `OUTPUTS`."""

    def __init__(self, *, units: int = 512, dropout: tuple[float, float] = (0.2, 0.3)) -> None:
        super().__init__()
        self.trunk = Trunk()
        features = sum(GROUPS[group - 1][0] for group in FEATURE_GROUPS)
        self.bn = nn.BatchNorm1d(features, momentum=0.05)
        self.dense = nn.Linear(features, units)
        self.out = nn.Linear(units, sum(OUTPUTS.values()))
        self.dropout = dropout

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the logits of each output by name."""
        features = self.trunk(x)
        with torch.autocast(x.device.type, enabled=False):
            features = functional.dropout(self.bn(features), self.dropout[0], self.training)
            hidden = functional.dropout(functional.relu(self.dense(features)), self.dropout[1], self.training)
            parts = self.out(hidden).split(list(OUTPUTS.values()), dim=1)
        return dict(zip(OUTPUTS, parts, strict=True))

    def load_dlib(self, path: Path) -> None:
        """Load dlib's published weights into the trunk."""
        with torch.no_grad():
            for layer, (kernel, bias) in zip(self.trunk.convolutions(), read_dlib_resnet(path), strict=True):
                layer.weight.copy_(torch.from_numpy(kernel.transpose(3, 2, 0, 1)))
                layer.bias.copy_(torch.from_numpy(bias))  # type: ignore[union-attr]  # every convolution has a bias


def save_weights(state: Mapping[str, torch.Tensor], path: Path) -> None:
    """Write weights to an `.npz` file: matrices and kernels in half precision."""
    arrays = {name: value.detach().cpu().numpy() for name, value in state.items() if value.dtype.is_floating_point}
    halved: dict[str, Any] = {n: a.astype(np.float16 if a.ndim > 1 else np.float32) for n, a in arrays.items()}
    np.savez(path, **halved)


def load_weights(path: Path) -> AgeNetwork:
    """Return the network with weights from `save_weights`, for inference."""
    with np.load(path) as arrays:
        network = AgeNetwork(units=len(arrays["dense.bias"]))
        state = {name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays.files}
    network.load_state_dict({**network.state_dict(), **state})
    return network.eval()
