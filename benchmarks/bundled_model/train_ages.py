"""Train variants of the age network on one stream of views, by time, in two rounds.

Round 1 trains one network for each of four folds, and others for comparison. Its predictions of the rows that a network
has not seen are mixed into the targets of round 2, whose networks are candidates for the bundled model.

python -m benchmarks.bundled_model.train_ages PROJECT out --minutes 8.8
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from agelens.data_prep.batches.augment import Augmentation, augment_view
from agelens.data_prep.batches.camera import CameraAugmentation
from agelens.data_prep.core.tables import POINT_COLUMNS
from agelens.data_prep.faces.alignment import align_points, warp_view
from agelens.weights.dlib_resnet import find_dlib_resnet
from benchmarks.bundled_model.age_network import save_weights
from benchmarks.bundled_model.faces import load_faces
from benchmarks.bundled_model.label_targets import Floats, mix_with_predictions, sampling_weights
from benchmarks.bundled_model.training_rows import TrainingRows, make_rows
from benchmarks.bundled_model.variant import Variant, predict
from benchmarks.bundled_model.workers import Array, BatchRing, for_each, shared_array

PLAN = Path(__file__).with_name("plan.json")
SEED = 11
AUGMENTATION = Augmentation(
    shift=0.025,
    zoom=0.05,
    rotation_degrees=7.0,
    brightness=0.10,
    contrast=0.15,
    saturation=0.175,
    camera=CameraAugmentation(),
)


def transforms_of(rows: TrainingRows, *, side: int) -> Floats:
    """Return the transform `(N, 2, 3)` from each crop to its view."""
    points = rows.faces.table[list(POINT_COLUMNS)].to_numpy(float).reshape(-1, 5, 2)
    return np.stack([align_points(five, side=side) for five in points])


def frame_all(rows: TrainingRows, transforms: Floats, *, side: int, workers: int) -> Array:
    """Return every face as the network sees it without changes, `uint8 (N, side, side, 3)`."""
    views = shared_array((len(transforms), side, side, 3), np.uint8)

    def frame(row: int) -> None:
        views[row] = warp_view(rows.faces.crops[row], transforms[row], side=side)

    for_each(frame, len(views), workers=workers)
    return views


class ViewStream:
    """Batches of views of the training split; rare ages are drawn more often.

    Args:
        rows: The rows.
        transforms: From `transforms_of`.
        plan: Has `views.side` and `sampling`.
        batch: Views in a batch.
        workers: Processes.
    """

    def __init__(self, rows: TrainingRows, transforms: Floats, plan: dict[str, Any], *, batch: int, workers: int):
        side = plan["views"]["side"]
        weights = sampling_weights(rows.labels[rows.train], rows.source[rows.train], **plan["sampling"])
        self._places, self._train, self._batch = np.cumsum(weights), rows.train, batch

        def fill(number: int, arrays: dict[str, Array]) -> None:
            for place, row in enumerate(self.rows_of(number)):
                arrays["views"][place] = augment_view(
                    rows.faces.crops[row],
                    int(row),
                    1 + number,
                    augmentation=AUGMENTATION,
                    seed=SEED,
                    transform=transforms[row],
                    side=side,
                )

        self._ring = BatchRing(fill, {"views": ((batch, side, side, 3), np.uint8)}, workers=workers)
        self.close = self._ring.close

    def rows_of(self, number: int) -> Array:
        """Return the rows of a batch."""
        drawn = np.random.default_rng([SEED, number]).random(self._batch) * 0.9999999
        return self._train[np.searchsorted(self._places, drawn).clip(0, len(self._train) - 1)]

    def take(self, device: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the next views `uint8 (B, S, S, 3)` and their rows `(B,)`."""
        number, arrays = self._ring.take()
        return torch.from_numpy(arrays["views"].copy()).to(device), torch.from_numpy(self.rows_of(number)).to(device)


def train_round(variants: list[Variant], stream: ViewStream, *, seconds: float, device: str) -> None:
    """Train all variants on the same views for that long."""
    start = time.monotonic()
    steps = 0
    while (passed := time.monotonic() - start) < seconds:
        views, rows = stream.take(device)
        for variant in variants:
            variant.step(views, rows, part=passed / seconds)
        steps += 1
        if device == "cuda" and steps % 8 == 0:
            torch.cuda.synchronize()  # or the clock runs ahead of the training
    print(f"{steps} steps in {seconds:.0f} s: {', '.join(variant.name for variant in variants)}")


def cross_fitted(variants: list[Variant], rows: TrainingRows, views: Array) -> Floats:
    """Return the distribution `(N, 101)` of each row from the network whose training left out its fold."""
    found = np.zeros_like(rows.labels)
    for variant in (one for one in variants if "fold" in one.settings):
        held_out = np.flatnonzero(rows.fold == variant.settings["fold"])
        found[held_out] = predict(variant, views[held_out])
    return found


def targets_of(settings: dict[str, Any], rows: TrainingRows, predicted: Floats | None) -> Floats:
    """Return a variant's targets: labels, or labels mixed with cross-fitted predictions."""
    mix = settings.get("mix")
    if mix is None or predicted is None:
        return rows.labels
    share = np.array([mix.get(source, mix["other"]) for source in rows.source])
    return mix_with_predictions(rows.labels, predicted, exact=rows.low == rows.high, share_of_label=share)


def main(argv: list[str]) -> None:
    """Train all rounds and write the weights of every variant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=8.8)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--workers", type=int, default=15)
    args = parser.parse_args(argv)
    plan = json.loads(PLAN.read_text())
    device = "cuda" if torch.cuda.is_available() else "cpu"
    rows = make_rows(load_faces(args.project, workers=args.workers), folds=plan["folds"], **plan["labels"])
    transforms = transforms_of(rows, side=plan["views"]["side"])
    views = frame_all(rows, transforms, side=plan["views"]["side"], workers=args.workers)
    stream = ViewStream(rows, transforms, plan, batch=args.batch, workers=args.workers)
    args.out.mkdir(parents=True, exist_ok=True)
    predicted = None
    for step in plan["rounds"]:
        variants = []
        for chosen in step["variants"]:
            settings = {**plan["base"], **chosen}
            targets = targets_of(settings, rows, predicted)
            variants.append(Variant(settings, rows, targets, dlib=find_dlib_resnet(), device=device))
        train_round(variants, stream, seconds=60 * args.minutes * step["share"], device=device)
        for variant in variants:
            save_weights(variant.average, args.out / f"{variant.name}.npz")
        predicted = cross_fitted(variants, rows, views) if predicted is None else predicted
    stream.close()


if __name__ == "__main__":
    main(sys.argv[1:])
