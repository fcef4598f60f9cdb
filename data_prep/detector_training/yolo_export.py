"""From checkpoints of the face detector to the files that serve: blended, its scores set, exported.

Ultralytics trains and exports; what lies here knows its files.
"""

import math
import shutil
from pathlib import Path

from agelens.data_prep.core.atomic import replacing
from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.faces.torch_detector import Trusted, check_trusted, import_ultralytics

SERVED_SCORE = 0.3
"""The lowest score that counts as a face, unless told otherwise."""


def blend_checkpoints(
    first: Path, second: Path, target: Path, *, share: float, score: float = SERVED_SCORE, trusted: Trusted = ()
) -> Path:
    """Write the weighted mean of two checkpoints of one training, and set where their scores begin to count.

    The mean of a network and of one fine-tuned from it is often better than both (Wortsman et al. 2022, "Robust
    fine-tuning of zero-shot models"): here a round that unlearnt false boxes forgets less of what it knew.

    Args:
        first: One checkpoint, stripped as `export_face_detector` leaves it.
        second: Another of the same network.
        target: Where to.
        share: Weight of the first.
        score: Boxes that score so get `SERVED_SCORE`; all others keep their order. The logits are shifted, so that
            precision and recall at the served score can be chosen without another training.
        trusted: SHA-256 of the checkpoints that may be loaded; see `agelens.data_prep.faces.torch_detector`.

    Returns:
        `target`.

    Raises:
        WeightsError: A checkpoint is missing, not trusted, or of another network.
    """
    for path in (first, second):
        check_trusted(path, trusted=trusted)
    import torch  # noqa: PLC0415  takes seconds to import

    content, more = (torch.load(path, map_location="cpu", weights_only=False) for path in (first, second))
    network, other = content["model"], more["model"].state_dict()
    own = network.state_dict()
    if {name: value.shape for name, value in own.items()} != {name: value.shape for name, value in other.items()}:
        msg = f"{first} and {second} must be checkpoints of the same network."
        raise WeightsError(msg)
    for name, value in own.items():
        if value.is_floating_point():
            value.copy_(share * value.float() + (1 - share) * other[name].float())
    for level in network.model[-1].cv3:  # one last layer of scores for each of the three scales
        level[-1].bias.data += _logit(SERVED_SCORE) - _logit(score)
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as temporary:
        torch.save(content, temporary)
    return target


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def export_face_detector(checkpoint: Path, folder: Path, *, trusted: Trusted = ()) -> Path:
    """Write `face_detector.pt` and the runtime files exported from it.

    The runtime network takes squares of any side that is a multiple of 32; non-maximum suppression is ours.

    Returns:
        The `.xml` file.

    Raises:
        WeightsError: The checkpoint is missing or not trusted.
    """
    check_trusted(checkpoint, trusted=trusted)
    ultralytics = import_ultralytics(folder)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "face_detector.pt"
    # Without optimiser and moving average a checkpoint is half as large.
    ultralytics.utils.torch_utils.strip_optimizer(str(checkpoint), str(target))
    _forget_paths(target)
    exported = Path(ultralytics.YOLO(str(target)).export(format="openvino", dynamic=True, half=True, nms=False))
    for path in (*exported.glob("*.xml"), *exported.glob("*.bin")):
        shutil.move(path, folder / path.name)
    shutil.rmtree(exported)
    (folder / "settings.json").unlink(missing_ok=True)
    return folder / "face_detector.xml"


def _forget_paths(checkpoint: Path) -> None:
    """Take the folders of the training machine out of a checkpoint; ultralytics writes them into it."""
    import torch  # noqa: PLC0415  takes seconds to import

    content = torch.load(checkpoint, map_location="cpu", weights_only=False)
    kept = {"task", "imgsz", "epochs", "batch", "optimizer", "lr0", "mosaic", "scale", "degrees", "seed"}
    content["train_args"] = {name: value for name, value in content["train_args"].items() if name in kept}
    content["git"] = {}
    content["model"].args = dict(content["train_args"])
    content["model"].pt_path = checkpoint.name
    with replacing(checkpoint) as temporary:
        torch.save(content, temporary)
