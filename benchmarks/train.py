"""Time saved by cached features and the cached trunk: the seed project's method and ours, both phases, in one run.

The seed project decodes every image and runs the whole network in every epoch. Both sides use the same network
(EfficientNetB0, 224 px, the top 80 layers unfrozen in phase 2), images and batch size. Rates are measured on a sample
and extrapolated to a whole training, with random weights, which cost the same as ImageNet's. `--compare` also
fine-tunes Lite0 twice, with a live and a cached trunk, and compares the validation errors.
Usage: `python benchmarks/train.py --help`
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import keras
import numpy as np

from agelens.data_prep.batches.augment import Augmentation
from agelens.data_prep.batches.dataset import (
    make_dataset,
    make_feature_dataset,
    make_plain_feature_dataset,
    make_training_dataset,
)
from agelens.data_prep.batches.framed_crop import FramedCrop
from agelens.data_prep.core.images import find_images, read_rgb, write_jpeg
from agelens.data_prep.faces.crop import CropShape, crop_face
from agelens.models.caches.features import FeatureCache
from agelens.models.caches.trunk_cache import TrunkCache
from agelens.models.network.age_net import build_age_net, build_feature_net
from agelens.models.network.backbones import BACKBONES, build_backbone, unfreeze
from agelens.models.network.batch_norm_folding import fold_age_net
from agelens.models.network.heads import HeadConfig, build_head
from agelens.models.network.trunk import build_trunk_and_top
from agelens.models.serving.runtime import OpenVinoNetwork, convert_network
from agelens.models.training.history import best_epoch
from agelens.models.training.objective import Objective, compile_model
from agelens.models.training.phases import PhaseConfig, build_optimizer, fit_phase
from evidence import add_record_option, write_result

BATCH, GROUPS, SEED = 32, 5, 0
HEAD = HeadConfig(units=512, dropout=0.3, age_head="linear")
AUGMENTATION = Augmentation()
EXTRACTION: Any = {"precision": "bfloat16", "many": True}
"""As the pipeline computes training views; it computes validation views in float32."""
PHASES = {"phase1": {"epochs": 7, "views": 4}, "phase2": {"epochs": 37, "views": 8}}


@dataclass(frozen=True)
class Faces:
    """Crops and their ages; every row is used once per epoch."""

    crops: list[FramedCrop]
    ages: list[float]
    size: int

    @property
    def targets(self) -> dict[str, Any]:
        """Targets of a linear head."""
        age = np.array(self.ages, dtype=np.float32)
        return {"age": np.stack([age, age], axis=1), "age_group": np.minimum(age // 20, GROUPS - 1)}

    @property
    def weights(self) -> dict[str, Any]:
        """Weights of the loss: all 1."""
        return {name: np.ones(len(self.ages), dtype=np.float32) for name in ("age", "age_group")}

    @property
    def copies(self) -> Any:
        """Draws of each row in an epoch."""
        return np.ones(len(self.ages), dtype=np.int64)

    def part(self, first: int, last: int) -> "Faces":
        """Return some of the faces."""
        return replace(self, crops=self.crops[first:last], ages=self.ages[first:last])


def main() -> None:
    """Measure, print the table and the main ratio, and write the result."""
    asked, started = _arguments(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        faces = write_faces(asked.utkface, Path(folder) / "crops", count=asked.images, size=224)
        result: dict[str, Any] = {"backbone": "efficientnet_b0", "size": 224, "batch": BATCH, "images": asked.images}
        result["phase1"] = _multiply_out(measure_phase1(faces, Path(folder), repeats=asked.repeats), **PHASES["phase1"])
        result["phase2"] = _multiply_out(measure_phase2(faces, Path(folder), repeats=asked.repeats), **PHASES["phase2"])
        result["peak_memory_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)
        if asked.compare:
            few = write_faces(asked.utkface, Path(folder) / "compare", count=asked.compare, size=128)
            result["compare"] = compare_trunks(few, Path(folder))
    _print_table(result)
    write_result("train", result, seconds=time.perf_counter() - started, record=asked.record)
    print(f"phase 2 as a whole: {result['phase2']['whole_ratio']:.2f} times the seed project's speed")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--utkface", type=Path, default=Path("../shared/data/utkface/UTKFace"))
    parser.add_argument("--images", type=int, default=512, help="size of the sample")
    parser.add_argument(
        "--repeats", type=int, default=3, help="measurements of each side, in turn; the median is reported"
    )
    parser.add_argument("--compare", type=int, default=3000, help="faces of the comparison; 0 skips it")
    add_record_option(parser)
    return parser.parse_args()


def write_faces(folder: Path, crops: Path, *, count: int, size: int) -> Faces:
    """Write a sample of UTKFace as crops; the age is the number at the start of the file name."""
    files = find_images(folder)
    chosen = np.random.default_rng(SEED).choice(len(files), size=min(count, len(files)), replace=False)
    files = [files[index] for index in chosen]
    paths = [crops / f"{index:05d}.jpg" for index in range(len(files))]
    for file, path in zip(files, paths, strict=True):
        image = read_rgb(file)
        whole = np.array([0.0, 0.0, image.shape[1], image.shape[0]])
        write_jpeg(path, crop_face(image, whole, CropShape(size=size, margin_fraction=0.0)))
    return Faces(
        [FramedCrop(path) for path in paths], [min(float(file.name.split("_")[0]), 100.0) for file in files], size
    )


def build_whole(faces: Faces, *, backbone: str, weights: str, unfreeze_from: str | int | None) -> Any:
    """Build a compiled network; without `unfreeze_from` the backbone is frozen."""
    base = build_backbone(backbone, input_shape=(faces.size, faces.size, 3), weights=weights)
    base.trainable = False
    network = build_age_net(base, build_head(HEAD, features=base.output_shape[-1], groups=GROUPS))
    if unfreeze_from is not None:
        unfreeze(base, unfreeze_from)
    compile_model(network, Objective(), optimizer=keras.optimizers.AdamW(1e-4))
    return network


def measure_phase1(faces: Faces, folder: Path, *, repeats: int) -> dict[str, float]:
    """Return images per second: the seed project's epoch, feature extraction, an epoch of the head on features."""
    network = build_whole(faces, backbone="efficientnet_b0", weights="none", unfreeze_from=None)
    runtime = OpenVinoNetwork(convert_network(build_feature_net(network.get_layer("efficientnetb0"))), **EXTRACTION)
    keyed = {str(crop.path): crop for crop in faces.crops}
    options = {"size": faces.size, "augmentation": AUGMENTATION, "seed": SEED}
    head = build_head(HEAD, features=1280, groups=GROUPS)
    compile_model(head, Objective(), optimizer=keras.optimizers.AdamW(1e-4))
    # As many rows as a real epoch, so that the constant cost of an epoch has its real share.
    many = replace(faces, ages=faces.ages * 32)
    features = np.random.default_rng(SEED).normal(size=(4, len(many.ages), 1280)).astype(np.float16)
    sides: dict[str, Callable[[int], int]] = {
        "seed": lambda _: _epoch(network, *_images(faces, views=4)),
        "once": lambda turn: FeatureCache(folder / f"features_{turn}", "one").extend(keyed, runtime, view=1, **options),
        "ours": lambda _: _epoch(head, *_cached(many, features)),
    }
    return median_rates(sides, repeats=repeats)


def measure_phase2(faces: Faces, folder: Path, *, repeats: int) -> dict[str, float]:
    """Return images per second: the seed project's epoch, the trunk, an epoch of the top on the cached trunk."""
    first = BACKBONES["efficientnet_b0"].unfreeze
    network = build_whole(faces, backbone="efficientnet_b0", weights="none", unfreeze_from=first)
    trunk, top = build_trunk_and_top(fold_age_net(network))
    compile_model(top, Objective(), optimizer=keras.optimizers.AdamW(1e-4))
    runtime, shape = OpenVinoNetwork(convert_network(trunk), **EXTRACTION), trunk.output_shape[1:]
    options = {"view": 1, "size": faces.size, "augmentation": AUGMENTATION, "seed": SEED}
    kept = TrunkCache(folder / "kept", "one", shape).extend(faces.crops, runtime, **options)

    def extend(turn: int) -> int:
        return len(TrunkCache(folder / f"trunk_{turn}", "one", shape).extend(faces.crops, runtime, **options))

    sides: dict[str, Callable[[int], int]] = {
        "seed": lambda _: _epoch(network, *_images(faces, views=8)),
        "once": extend,
        "ours": lambda _: _epoch(top, *_cached(faces, [kept] * 8)),
    }
    return median_rates(sides, repeats=repeats)


def _images(faces: Faces, *, views: int) -> tuple[Any, int]:
    return make_training_dataset(
        faces.crops,
        faces.targets,
        weights=faces.weights,
        copies=faces.copies,
        size=faces.size,
        batch_size=BATCH,
        augmentation=AUGMENTATION,
        views=views,
        seed=SEED,
    )


def _cached(faces: Faces, features: Any) -> tuple[Any, int]:
    return make_feature_dataset(
        list(features), faces.targets, weights=faces.weights, copies=faces.copies, batch_size=BATCH, seed=SEED
    )


def _epoch(model: Any, dataset: Any, steps: int) -> int:
    model.fit(dataset, steps_per_epoch=steps, verbose=0, shuffle=False)
    return steps * BATCH


def median_rates(sides: dict[str, Callable[[int], int]], *, repeats: int) -> dict[str, float]:
    """Return the median images per second of each side; they take turns, after one warm-up turn."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(repeats + 1):
        for name, side in sides.items():
            started = time.perf_counter()
            images = side(turn)
            found[name].append(images / (time.perf_counter() - started))
    return {name: round(median(rates[1:]), 1) for name, rates in found.items()}


def _multiply_out(rates: dict[str, float], *, epochs: int, views: int) -> dict[str, Any]:
    """Return the rates and our speed-up, of an epoch and of a whole training including the caching."""
    seed, ours = epochs / rates["seed"], epochs / rates["ours"] + views / rates["once"]
    return {
        "images_per_second": rates,
        "epochs_per_hour_of_16000": {name: round(3600 * rates[name] / 16_000, 1) for name in ("seed", "ours")},
        "epochs": epochs,
        "views": views,
        "epoch_ratio": round(rates["ours"] / rates["seed"], 2),
        "whole_ratio": round(seed / ours, 2),
    }


def compare_trunks(faces: Faces, folder: Path, *, epochs: int = 6, views: int = 8) -> dict[str, Any]:
    """Fine-tune Lite0 with ImageNet weights live and on a cached trunk; return both validation errors in years."""
    val = len(faces.ages) // 4
    held, learnt = faces.part(0, val), faces.part(val, len(faces.ages))
    config = PhaseConfig(epochs=epochs, learning_rate=4e-4, schedule="cosine")
    errors = {}
    for trunk in ("live", "cached"):
        keras.utils.set_random_seed(SEED)
        first = BACKBONES["efficientnet_lite0"].unfreeze
        network = build_whole(faces, backbone="efficientnet_lite0", weights="imagenet", unfreeze_from=first)
        if trunk == "live":
            model, (training, steps) = network, _images(learnt, views=views)
            validation = make_dataset(held.crops, held.targets, size=held.size, batch_size=BATCH)
        else:
            below, model = build_trunk_and_top(fold_age_net(network))
            graph = convert_network(below)
            sides = {
                "learnt": (learnt, views, OpenVinoNetwork(graph, **EXTRACTION)),
                "held": (held, 1, OpenVinoNetwork(graph)),
            }
            cut = {
                name: [
                    TrunkCache(folder / name, "one", below.output_shape[1:]).extend(
                        part.crops, runtime, view=view, size=part.size, augmentation=AUGMENTATION, seed=SEED
                    )
                    for view in range(count)
                ]
                for name, (part, count, runtime) in sides.items()
            }
            training, steps = _cached(learnt, cut["learnt"])
            validation = make_plain_feature_dataset(cut["held"][0], held.targets, batch_size=BATCH)
        compile_model(model, Objective(), optimizer=build_optimizer(config, steps=steps))
        records = fit_phase(model, training, steps=steps, validation=validation, config=config, phase=2)
        errors[trunk] = round(best_epoch(records).val_age_mae, 3)
    return {
        "faces": len(faces.ages),
        "backbone": "efficientnet_lite0",
        "epochs": epochs,
        "views": views,
        "val_mae": errors,
    }


def _print_table(result: dict[str, Any]) -> None:
    print(f"{'':8} {'seed, images/s':>15} {'once':>8} {'then':>8} {'epoch':>8} {'whole':>8}")
    for name in PHASES:
        phase = result[name]
        rates = phase["images_per_second"]
        ratios = f"{phase['epoch_ratio']:>7.1f}x {phase['whole_ratio']:>7.2f}x"
        print(f"{name:8} {rates['seed']:>15.1f} {rates['once']:>8.1f} {rates['ours']:>8.1f} {ratios}")
    print(f"peak memory {result['peak_memory_gb']} GB")
    if "compare" in result:
        print(f"validation MAE, years: {result['compare']['val_mae']}")


if __name__ == "__main__":
    main()
