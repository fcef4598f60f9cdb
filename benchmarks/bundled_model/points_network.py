"""The network that locates points in PyTorch, and its export to OpenVINO.

python -m benchmarks.bundled_model.points_network points.pt weights/embedded/face_points.xml
"""

import argparse
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from agelens.data_prep.faces.points import NETWORK_SIDE

POINTS = 6
"""The five of the product, and the foot of the nose, which dlib's predictor gives; it is for training only."""

GREY_MEAN, GREY_SCALE = 118.0, 64.0
LUMA = (0.299, 0.587, 0.114)


def _conv(inputs: int, outputs: int, *, side: int = 3, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, side, stride, side // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.a = _conv(channels, channels)
        self.b = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return maps of the same shape."""
        return functional.relu(x + self.b(self.a(x)))


class PointsNetwork(nn.Module):
    """From grey 0..255 `(B, 1, 80, 80)` to points `(B, 6, 2)` in -1..1 of the view and log errors `(B, 6)`."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        layers: list[nn.Module] = [_conv(1, width, side=5, stride=2), _conv(width, 2 * width, stride=2)]
        layers += [Residual(2 * width), _conv(2 * width, 3 * width, stride=2), Residual(3 * width)]
        layers += [_conv(3 * width, 4 * width, stride=2), Residual(4 * width)]
        self.body = nn.Sequential(*layers)
        self.squeeze = _conv(4 * width, 24, side=1)
        self.fc1 = nn.Linear(24 * (NETWORK_SIDE // 16) ** 2, 128)
        self.fc2 = nn.Linear(128, POINTS * 3)

    def forward(self, grey: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return points and log errors."""
        x = self.squeeze(self.body((grey - GREY_MEAN) / GREY_SCALE)).flatten(1)
        y = self.fc2(functional.relu(self.fc1(x)))
        return y[:, : 2 * POINTS].reshape(-1, POINTS, 2), y[:, 2 * POINTS :].clamp(-6, 2)


class ExportedPoints(nn.Module):
    """What OpenVINO runs: from RGB `uint8 (B, 80, 80, 3)` to five points and their errors in pixels of the view."""

    luma: torch.Tensor

    def __init__(self, network: PointsNetwork) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("luma", torch.tensor(LUMA).view(1, 1, 1, 3))

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return points and errors."""
        grey = torch.round((image.float() * self.luma).sum(3)).unsqueeze(1)
        points, log_errors = self.network(grey)
        half = NETWORK_SIDE / 2
        return (points[:, :5] + 1) * half - 0.5, torch.exp(log_errors[:, :5]) * half


def load_points_network(path: Path) -> PointsNetwork:
    """Return the network from the file that `train_points` wrote, for inference."""
    stored = torch.load(path, map_location="cpu", weights_only=True)
    network = PointsNetwork(stored["w"])
    network.load_state_dict(stored["state"])
    return network.eval()


def export(network: PointsNetwork, path: Path) -> None:
    """Write OpenVINO's `.xml` and `.bin`, weights in half precision."""
    import openvino as ov  # noqa: PLC0415  training does not need it

    example = torch.zeros(2, NETWORK_SIDE, NETWORK_SIDE, 3, dtype=torch.uint8)
    shape = ([-1, NETWORK_SIDE, NETWORK_SIDE, 3], ov.Type.u8)
    model = ov.convert_model(ExportedPoints(network).eval(), example_input=example, input=[shape])
    for port, name in zip((*model.inputs, *model.outputs), ("image", "points", "errors"), strict=True):
        port.get_tensor().set_names({name})
    model.inputs[0].get_node().set_friendly_name("image")
    ov.save_model(model, path, compress_to_fp16=True)


def main(argv: list[str]) -> None:
    """Export the network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args(argv)
    export(load_points_network(args.weights), args.out)


if __name__ == "__main__":
    main(sys.argv[1:])
