"""Build `age_net.keras` from the weights that were trained in PyTorch, and compare both networks.

    python -m benchmarks.bundled_model.transfer weights.npz age_net.keras --side 180 --views views.npy

`views.npy` holds framed faces `uint8 (N, side, side, 3)` RGB. Stops if an age differs by 0.02 years or more.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from agelens.models.network.age_net import backbone_of, build_age_net, head_of
from agelens.models.network.backbones import build_backbone
from agelens.models.network.heads import HeadConfig, build_head
from benchmarks.bundled_model.age_network import FIRST_AGES, OUTPUTS, AgeNetwork, load_weights

HEAD = HeadConfig(
    units=512, dropout=0.3, activation="relu", age_head="distribution", attributes=("gender", "ethnicity")
)
MAX_DIFFERENCE = 0.02
"""Years."""

BATCH = 32

Arrays = dict[str, npt.NDArray[np.float64]]


def transfer(network: AgeNetwork, *, side: int) -> Any:
    """Return the Keras network `uint8 (B, side, side, 3)` with the weights of a PyTorch network.

    The batch normalisation of the features has no layer of its own in Keras; it is folded into the dense layer.
    """
    features = network.dense.in_features
    backbone = build_backbone("dlib_resnet29", input_shape=(side, side, 3), weights="none")
    age_net = build_age_net(backbone, build_head(HEAD, features=features, groups=len(FIRST_AGES)))
    kept = [layer for layer in backbone_of(age_net).layers if type(layer).__name__ == "Conv2D"]
    for layer, source in zip(kept, network.trunk.convolutions(), strict=True):
        layer.set_weights([_array(source.weight).transpose(2, 3, 1, 0), _array(source.bias)])
    head = head_of(age_net)
    scale = _array(network.bn.weight) / np.sqrt(_array(network.bn.running_var) + network.bn.eps)
    shift = _array(network.bn.bias) - scale * _array(network.bn.running_mean)
    kernel = _array(network.dense.weight).T
    head.get_layer("dense").set_weights([scale[:, None] * kernel, shift @ kernel + _array(network.dense.bias)])
    ends = np.cumsum(list(OUTPUTS.values()))[:-1]
    kernels, biases = np.split(_array(network.out.weight).T, ends, axis=1), np.split(_array(network.out.bias), ends)
    for name, part, bias in zip(OUTPUTS, kernels, biases, strict=True):
        head.get_layer(name).set_weights([part, bias])
    return age_net


def _array(tensor: torch.Tensor | None) -> npt.NDArray[np.float64]:
    return tensor.detach().numpy().astype(np.float64)  # type: ignore[union-attr,no-any-return]  # no layer lacks it


def largest_differences(network: AgeNetwork, age_net: Any, views: npt.NDArray[np.uint8]) -> dict[str, float]:
    """Return the largest difference of each output between the networks; `age` is the mean of the distribution."""
    pixels = torch.from_numpy(views).permute(0, 3, 1, 2).float()
    with torch.inference_mode():
        batches = [network(part) for part in pixels.split(BATCH)]
        ours = {name: torch.cat([batch[name] for batch in batches]).softmax(1).numpy() for name in OUTPUTS}
    ours["age"] = ours["age_distribution"] @ np.arange(OUTPUTS["age_distribution"])[:, None]
    theirs = age_net.predict(views, batch_size=BATCH, verbose=0)
    return {name: float(np.abs(theirs[name] - ours[name]).max()) for name in ours}


def main(argv: list[str]) -> None:
    """Write the Keras network if it agrees."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--side", type=int, default=180, help="of the views, in pixels")
    parser.add_argument("--views", type=Path, required=True)
    args = parser.parse_args(argv)
    network = load_weights(args.weights)
    age_net = transfer(network, side=args.side)
    found = largest_differences(network, age_net, np.load(args.views))
    print({name: round(value, 6) for name, value in found.items()})
    if found["age"] >= MAX_DIFFERENCE:
        sys.exit(f"Ages must differ by less than {MAX_DIFFERENCE} years. Received: {found['age']:.4f}.")
    age_net.save(args.out)


if __name__ == "__main__":
    main(sys.argv[1:])
