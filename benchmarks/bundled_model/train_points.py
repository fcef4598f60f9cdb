"""Train the network that locates points, on targets from `point_targets`.

python -m benchmarks.bundled_model.train_points PROJECT targets.npz points.pt --seconds 50
"""

import argparse
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch

from agelens.data_prep.faces.points import NETWORK_SIDE
from benchmarks.bundled_model.faces import load_faces
from benchmarks.bundled_model.point_views import STORED_SIDE, grey_crop, make_point_view
from benchmarks.bundled_model.points_network import POINTS, PointsNetwork
from benchmarks.bundled_model.workers import Array, BatchRing, for_each, shared_array

SOURCE_WEIGHTS = {"aaf": 2.5, "fairface": 2.0, "adience": 2.0, "utkface": 1.5}
"""How often faces of a source are drawn: only AAF has noses and mouths; FairFace and Adience have turned heads."""

POINT_WEIGHTS = (1, 1, 1, 1, 1, 0.3)
SEED = 77
PEAK_RATE, WARMUP_STEPS, WEIGHT_DECAY, AVERAGE = 2e-3, 200, 1e-2, 0.998
PLAIN_STEPS = 300
"""Steps in which the distance dominates the loss, before the network can know its errors."""


def make_ring(project: Path, targets: dict[str, Array], *, batch: int, workers: int) -> BatchRing:
    """Return batches of views of the training split: `view`, `points` and which of them are `known`."""
    faces = load_faces(project, workers=workers)
    rows = np.array([row for row in faces.rows("train") if targets["known"][row].any()])
    greys = shared_array((len(rows), STORED_SIDE, STORED_SIDE), np.uint8)

    def shrink(index: int) -> None:
        greys[index] = grey_crop(faces.crops[rows[index]])

    for_each(shrink, len(rows), workers=workers)
    weights = faces.table["source"].map(SOURCE_WEIGHTS).to_numpy(float)[rows]
    places, side = np.cumsum(weights / weights.sum()), faces.crops.shape[1]

    def fill(number: int, arrays: dict[str, Array]) -> None:
        drawn = np.searchsorted(places, np.random.default_rng([SEED, number]).random(batch) * 0.999999)
        for place, index in enumerate(drawn):
            points, known = (targets[name][rows[index]] for name in ("points", "known"))
            made = make_point_view(greys[index], points, known, crop_side=side, seed=[number, place])
            for name, value in zip(("view", "points", "known"), made, strict=True):
                arrays[name][place] = value

    layout = {
        "view": ((batch, NETWORK_SIDE, NETWORK_SIDE), np.uint8),
        "points": ((batch, POINTS, 2), np.float32),
        "known": ((batch, POINTS), np.float32),
    }
    return BatchRing(fill, layout, workers=workers)


def points_loss(
    predicted: torch.Tensor, log_error: torch.Tensor, points: torch.Tensor, known: torch.Tensor, *, step: int
) -> torch.Tensor:
    """Return the negative log-likelihood of distances `d` whose expectation is the predicted error: `d / e + log e`."""
    distance = torch.sqrt(((predicted - points) ** 2).sum(-1) + 1e-6)
    weights = known * torch.tensor(POINT_WEIGHTS, device=known.device)
    loss = ((distance * torch.exp(-log_error) + log_error) * weights).sum() / weights.sum()
    if step < PLAIN_STEPS:
        loss = 0.1 * loss + 5 * (distance * weights).sum() / weights.sum()
    return loss


def train(ring: BatchRing, *, seconds: float, device: str) -> dict[str, torch.Tensor]:
    """Return the moving average of the weights after a training of that length."""
    network = PointsNetwork().to(device, memory_format=torch.channels_last)
    average = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=WEIGHT_DECAY)
    start, step = time.monotonic(), 0
    while (part := (time.monotonic() - start) / seconds) < 1:
        for group in optimizer.param_groups:
            warmup, decay = min(1, (step + 1) / WARMUP_STEPS), 0.5 + 0.5 * math.cos(math.pi * part)
            group["lr"] = PEAK_RATE * warmup * decay + 1e-6
        _, arrays = ring.take()
        view, points, known = (torch.from_numpy(arrays[name].copy()).to(device) for name in ("view", "points", "known"))
        with torch.autocast(device, torch.bfloat16):
            predicted, log_error = network(view[:, None].float())
        optimizer.zero_grad()
        points_loss(predicted.float(), log_error.float(), points, known, step=step).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()
        step += 1
        update_average(average, network, momentum=min(AVERAGE, (1 + step) / (10 + step)))
    print(f"{step} steps")
    return average


@torch.no_grad()
def update_average(average: dict[str, torch.Tensor], network: torch.nn.Module, *, momentum: float) -> None:
    """Move averaged weights towards those of the network, in place."""
    for name, value in network.state_dict().items():
        if value.dtype.is_floating_point:
            average[name].lerp_(value, 1 - momentum)
        else:
            average[name].copy_(value)


def main(argv: list[str]) -> None:
    """Train and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("targets", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=50)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--workers", type=int, default=15)
    args = parser.parse_args(argv)
    ring = make_ring(args.project, dict(np.load(args.targets)), batch=args.batch, workers=args.workers)
    state = train(ring, seconds=args.seconds, device="cuda" if torch.cuda.is_available() else "cpu")
    ring.close()
    torch.save({"w": 16, "state": {name: value.cpu() for name, value in state.items()}}, args.out)


if __name__ == "__main__":
    main(sys.argv[1:])
