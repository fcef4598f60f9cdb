"""From checkpoints of the face detector to the bundled files: mean of checkpoints, shift of scores, export."""

import math
import shutil
from pathlib import Path

from agelens.data_prep.core.atomic import replacing
from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.faces.torch_detector import Trusted, check_trusted, import_ultralytics

DEFAULT_SCORE = 0.3
"""The default threshold of the score, `crop_faces.min_score`."""


def blend_checkpoints(
    first: Path, second: Path, target: Path, *, share: float, score: float = DEFAULT_SCORE, trusted: Trusted = ()
) -> Path:
    """Write the weighted mean of two checkpoints of one training, with shifted scores.

    The mean of a network and one that is fine-tuned from it is often better than both (Wortsman et al. 2022, "Robust
    fine-tuning of zero-shot models"): it keeps most of the improvement and loses less of the earlier accuracy.

    Args:
        first: A checkpoint as `export_face_detector` writes it.
        second: Another checkpoint of the same network.
        target: File to write.
        share: Weight of the first checkpoint.
        score: Score that is shifted to `DEFAULT_SCORE`. The shift of the logits keeps the order of scores, and changes
            precision and recall at the default threshold without training.
        trusted: SHA-256 of the checkpoints that may be loaded; see `agelens.data_prep.faces.torch_detector`.

    Returns:
        `target`.

    Raises:
        WeightsError: A checkpoint is missing or not trusted, or the networks differ.
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
    for level in network.model[-1].cv3:  # the last layer of scores of each of the three scales
        level[-1].bias.data += _logit(DEFAULT_SCORE) - _logit(score)
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as temporary:
        torch.save(content, temporary)
    return target


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def export_face_detector(checkpoint: Path, folder: Path, *, trusted: Trusted = ()) -> Path:
    """Write `face_detector.pt`, and the OpenVINO model exported from it.

    The OpenVINO model accepts squares of any side that is a multiple of 32, and does no non-maximum suppression.

    Returns:
        The `.xml` file.

    Raises:
        WeightsError: The checkpoint is missing or not trusted.
    """
    check_trusted(checkpoint, trusted=trusted)
    ultralytics = import_ultralytics(folder)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "face_detector.pt"
    # Without the optimizer's state and moving average, a checkpoint has half the size.
    ultralytics.utils.torch_utils.strip_optimizer(str(checkpoint), str(target))
    _remove_paths(target)
    exported = Path(ultralytics.YOLO(str(target)).export(format="openvino", dynamic=True, half=True, nms=False))
    for path in (*exported.glob("*.xml"), *exported.glob("*.bin")):
        shutil.move(path, folder / path.name)
    shutil.rmtree(exported)
    (folder / "settings.json").unlink(missing_ok=True)
    return folder / "face_detector.xml"


def _remove_paths(checkpoint: Path) -> None:
    """Remove the paths of the training machine, which ultralytics stores in a checkpoint."""
    import torch  # noqa: PLC0415  takes seconds to import

    content = torch.load(checkpoint, map_location="cpu", weights_only=False)
    kept = {"task", "imgsz", "epochs", "batch", "optimizer", "lr0", "mosaic", "scale", "degrees", "seed"}
    content["train_args"] = {name: value for name, value in content["train_args"].items() if name in kept}
    content["git"] = {}
    content["model"].args = dict(content["train_args"])
    content["model"].pt_path = checkpoint.name
    with replacing(checkpoint) as temporary:
        torch.save(content, temporary)
