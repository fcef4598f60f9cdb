"""Training of the face detector in rounds.

Each round continues from a checkpoint and cuts other tight crops (another seed), so that rounds accumulate.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agelens.data_prep.core.boxes import Boxes
from agelens.data_prep.core.errors import DataError, WeightsError
from agelens.data_prep.core.images import Pixels, read_rgb, write_jpeg
from agelens.data_prep.detector_training.average_precision import pick_free_squares
from agelens.data_prep.detector_training.yolo_data import (
    blank_images,
    hard_squares,
    read_yolo_boxes,
    tight_crops,
    yolo_lines,
)
from agelens.data_prep.faces.detector import Detector, OpenVinoFaceDetector
from agelens.data_prep.faces.torch_detector import Trusted, check_trusted, import_ultralytics
from agelens.data_prep.synthetic.photo import make_detector_examples

YOLO_FOLDERS = ("images/train", "images/val", "labels/train", "labels/val")
"""Folders of a data set in YOLO format."""


@dataclass(frozen=True)
class DetectorRecipe:
    """Settings of one round of training.

    Args:
        epochs: Number of epochs.
        image_size: Side of the training square in pixels.
        learning_rate: Initial learning rate of SGD, which decreases as a cosine to a twentieth.
        tight_crops: Maximum number of tight crops of each photograph.
        min_side: Minimum side in pixels of a face for a tight crop.
        free_squares: Maximum number of squares without a face of each photograph. Without them, every training image
            filled by one object had a face, and the detector found one in a third of all lawns, walls and keyboards.
        hard_squares: Maximum number of further squares of each photograph, in which the checkpoint at the start of the
            round wrongly finds a face (Sung and Poggio, "Example-based learning for view-based human face detection",
            1998).
        synthetic: Number of synthetic images.
        blank: Number of blank images: one colour, a gradient, or noise.
        seed: Seed of crops, synthetic images and training.
    """

    epochs: int = 3
    image_size: int = 320
    learning_rate: float = 0.006
    tight_crops: int = 1
    min_side: float = 36.0
    free_squares: int = 1
    hard_squares: int = 0
    synthetic: int = 300
    blank: int = 60
    seed: int = 23


def write_training_set(widerface: Path, folder: Path, *, recipe: DetectorRecipe, miner: Detector | None = None) -> Path:
    """Write photographs, tight crops of their faces and synthetic images in YOLO format.

    Args:
        widerface: Photographs with boxes, in YOLO format.
        folder: Folder to write; its previous content is removed, so that it is not used for training.
        recipe: Numbers of additional images.
        miner: Detector whose false detections are used; None for none.

    Returns:
        The `data.yaml` for ultralytics.

    Raises:
        DataError: `widerface` lacks one of its four folders.
    """
    if missing := [part for part in YOLO_FOLDERS if not (widerface / part).is_dir()]:
        msg = f"{widerface} must contain {', '.join(YOLO_FOLDERS)} in YOLO format. Missing: {', '.join(missing)}."
        raise DataError(msg)
    shutil.rmtree(folder, ignore_errors=True)
    for part in YOLO_FOLDERS:
        shutil.copytree(widerface / part, folder / part)
    for name, image, boxes in _extra_examples(widerface, recipe, miner):
        write_jpeg(folder / f"images/train/{name}.jpg", image)
        height, width = image.shape[:2]
        (folder / f"labels/train/{name}.txt").write_text(yolo_lines(boxes, height=height, width=width))
    listing = folder / "data.yaml"
    listing.write_text(f"path: {folder.resolve()}\ntrain: images/train\nval: images/val\nnames: {{0: face}}\n")
    return listing


def _extra_examples(
    widerface: Path, recipe: DetectorRecipe, miner: Detector | None
) -> Iterator[tuple[str, Pixels, Boxes]]:
    """Yield name, image and boxes of all additional training images."""
    rng = np.random.default_rng(recipe.seed)
    for path in sorted((widerface / "images/train").glob("*.jpg")):
        image = read_rgb(path)
        height, width = image.shape[:2]
        boxes = read_yolo_boxes(widerface / "labels/train" / f"{path.stem}.txt", height=height, width=width)
        cuts = tight_crops(image, boxes, most=recipe.tight_crops, size=256, min_side=recipe.min_side, rng=rng)
        for index, (crop, visible) in enumerate(cuts):
            yield f"tight{index}_{path.stem}", crop, visible
        squares = pick_free_squares(boxes, height=height, width=width, rng=rng, most=recipe.free_squares)
        if miner is not None:
            hard = hard_squares(image, boxes, miner, most=recipe.hard_squares, rng=rng)
            squares = np.concatenate([squares, hard])
        for index, (x1, y1, x2, y2) in enumerate(squares.astype(int)):
            yield f"free{index}_{path.stem}", image[y1:y2, x1:x2], np.empty((0, 4))
    for index, (image, boxes) in enumerate(make_detector_examples(recipe.synthetic, seed=recipe.seed)):
        yield f"synthetic_{index:04d}", image, boxes
    for index, image in enumerate(blank_images(recipe.blank, size=256, rng=rng)):
        yield f"blank_{index:04d}", image, np.empty((0, 4))


def train_face_detector(
    widerface: Path,
    work: Path,
    *,
    recipe: DetectorRecipe,
    start: Path | None = None,
    resume: bool = False,
    trusted: Trusted = (),
) -> Path:
    """Train one round on a CPU or GPU.

    Args:
        widerface: Photographs with boxes, in YOLO format.
        work: Folder of training images and checkpoints; it has one folder per round, `round_<seed>`.
        recipe: Settings of the round.
        start: Checkpoint of this project to start from; None for random weights.
        resume: Whether to resume an interrupted round with the recipe's seed after its last finished epoch.
        trusted: SHA-256 of the checkpoints that may be loaded; see `agelens.data_prep.faces.torch_detector`.

    Returns:
        The last checkpoint.

    Raises:
        WeightsError: The checkpoint to resume or to start from is missing or not trusted, or the round would overwrite
            another.
    """
    folder = work / f"round_{recipe.seed}"
    last = folder / "weights/last.pt"
    model_file = last if resume else start or "yolov8n.yaml"
    if isinstance(model_file, Path):
        check_trusted(model_file, trusted=trusted)
    if last.is_file() and not resume:
        msg = f"{last} already exists: use --resume to continue, use another --seed, or move it."
        raise WeightsError(msg)
    miner = _miner(start) if recipe.hard_squares and not resume else None
    model = import_ultralytics(work).YOLO(str(model_file))
    if resume:
        model.train(resume=True)
        return last
    model.train(
        data=str(write_training_set(widerface, folder / "data", recipe=recipe, miner=miner)),
        epochs=recipe.epochs,
        imgsz=recipe.image_size,
        batch=16,
        optimizer="SGD",
        lr0=recipe.learning_rate,
        lrf=0.05,
        cos_lr=True,
        warmup_epochs=0.3,
        mosaic=0.4,
        close_mosaic=1,
        scale=0.5,
        degrees=10,
        translate=0.15,
        hsv_h=0.02,
        hsv_s=0.6,
        hsv_v=0.45,
        amp=False,
        cache="ram",
        workers=1,
        val=False,
        plots=False,
        save_period=1,
        seed=recipe.seed,
        project=str(work.resolve()),
        name=folder.name,
        exist_ok=True,
    )
    return last


def _miner(start: Path | None) -> Detector:
    """Return the detector whose false detections are used: the OpenVINO model beside the checkpoint."""
    runtime = None if start is None else start.with_suffix(".xml")
    if runtime is None or not runtime.is_file():
        msg = (
            "--hard-squares needs --start with a checkpoint that has its exported .xml beside it. "
            f"Received: {start}. Run `agelens detector export`, or set --hard-squares 0."
        )
        raise WeightsError(msg)
    return OpenVinoFaceDetector(runtime, min_score=0.02)
