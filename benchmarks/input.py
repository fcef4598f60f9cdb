"""Whether the input pipeline keeps up with the network: each by itself, in one run.

Usage: `python benchmarks/input.py --help`
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import keras
from train import SEED, build_whole, median_rates, write_faces

from agelens.data_prep.batches.augment import Augmentation
from agelens.data_prep.batches.dataset import make_training_dataset
from agelens.models.network.backbones import BACKBONES
from agelens.models.network.batch_norm_folding import fold_age_net
from agelens.models.training.objective import Objective, compile_model
from evidence import add_record_option, write_result

BATCH = 64


def main() -> None:
    """Measure both, print the ratio and write the result."""
    asked, started = _arguments(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        faces = write_faces(asked.utkface, Path(folder), count=asked.images, size=asked.size)
        dataset, steps = make_training_dataset(
            faces.crops,
            faces.targets,
            weights=faces.weights,
            copies=faces.copies,
            size=faces.size,
            batch_size=BATCH,
            augmentation=Augmentation(erase=0.2),
            views=16,
            seed=SEED,
        )
        first = BACKBONES["efficientnet_lite0"].unfreeze
        whole = build_whole(faces, backbone="efficientnet_lite0", weights="none", unfreeze_from=first)
        network = fold_age_net(whole)
        compile_model(network, Objective(), optimizer=keras.optimizers.AdamW(1e-4))
        batch = next(iter(dataset))
        sides = {"input": lambda _: _drain(dataset, steps), "network": lambda _: _train(network, batch, steps)}
        rates = median_rates(sides, repeats=asked.repeats)
    ratio = round(rates["input"] / rates["network"], 2)
    setting = {"backbone": "efficientnet_lite0", "size": asked.size, "batch": BATCH, "images": asked.images}
    content = {**setting, "images_per_second": rates, "ratio": ratio}
    write_result("input", content, seconds=time.perf_counter() - started, record=asked.record)
    print(f"input {rates['input']:.0f} images/s, network {rates['network']:.0f} images/s: {ratio:.1f} times")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--utkface", type=Path, default=Path("../shared/data/utkface/UTKFace"))
    parser.add_argument("--images", type=int, default=1024)
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--repeats", type=int, default=3)
    add_record_option(parser)
    return parser.parse_args()


def _drain(dataset: Any, steps: int) -> int:
    for _ in dataset.take(steps):
        pass
    return steps * BATCH


def _train(network: Any, batch: Any, steps: int) -> int:
    for _ in range(steps):
        network.train_on_batch(*batch)
    return steps * BATCH


if __name__ == "__main__":
    main()
