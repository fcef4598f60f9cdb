"""The torch detector: unknown checkpoints are not loaded, and the OpenVINO detector finds the same faces."""

import pickle
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pytest

from agelens.data_prep.core.boxes import pairwise_iou
from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.core.images import Pixels, find_images, read_rgb
from agelens.data_prep.faces import torch_detector
from agelens.data_prep.faces.detector import Detections, OpenVinoFaceDetector
from agelens.data_prep.faces.torch_detector import TorchFaceDetector, check_trusted
from agelens.data_prep.synthetic.photo import make_detector_examples
from agelens.pipeline.faces.detectors import CPU_BATCH
from agelens.weights.defaults import DETECTOR_RUNTIME, DETECTOR_TORCH
from agelens.weights.integrity import trusted_checkpoints
from tests.locations import ROOT

SETS = {"utkface": "utkface/UTKFace", "adience": "adience/faces", "widerface": "widerface/images/val"}
SETTINGS = {"min_score": 0.3, "max_overlap": 0.5}


class Trap:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def test_a_tampered_checkpoint_is_rejected_before_it_is_loaded(tmp_path: Path) -> None:
    trap, sprung = tmp_path / "face_detector.pt", tmp_path / "sprung"
    trap.write_bytes(pickle.dumps(Trap(sprung)))
    with pytest.raises(WeightsError, match=r"pickle file, which can run any code.*Received: [0-9a-f]{64}.*--trust"):
        TorchFaceDetector(trap, trusted=trusted_checkpoints())
    assert not sprung.exists()
    pickle.loads(trap.read_bytes())  # every loader of pickle files does this
    assert sprung.exists()


def test_a_changed_byte_of_the_bundled_detector_is_rejected(tmp_path: Path) -> None:
    content = bytearray(DETECTOR_TORCH.read_bytes())
    content[-100] ^= 1
    (tmp_path / "face.pt").write_bytes(content)
    with pytest.raises(WeightsError, match="--trust"):
        check_trusted(tmp_path / "face.pt", trusted=trusted_checkpoints())
    check_trusted(DETECTOR_TORCH, trusted=trusted_checkpoints())
    check_trusted(tmp_path / "face.pt", trusted=None)


def test_no_checkpoint_is_trusted_by_default(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="--trust"):
        TorchFaceDetector(DETECTOR_TORCH)
    with pytest.raises(WeightsError, match="There is no checkpoint"):
        TorchFaceDetector(tmp_path / "gone.pt", trusted=None)


class FakeTensor:
    """The methods of a torch tensor that are used here."""

    def __init__(self, values: object) -> None:
        self.values = np.array(values, dtype=np.float32)

    def cpu(self) -> "FakeTensor":
        return self

    def numpy(self) -> npt.NDArray[np.float32]:
        return self.values


class FakeYolo:
    """Replaces the model of ultralytics: returns for each image a box as wide as the blue of its first pixel."""

    batches: ClassVar[list[tuple[int, int]]] = []

    def __init__(self, _: str) -> None:
        self.batches.clear()

    def predict(self, images: list[Pixels], **settings: Any) -> list[SimpleNamespace]:
        assert settings["rect"] is False
        self.batches.append((len(images), settings["imgsz"]))
        boxes = [FakeTensor([[-3.0, 1, image[0, 0, 0] + 0.04, 9], [5, 5, 5, 8]]) for image in images]
        scores = FakeTensor([0.98765, 0.5])
        return [
            SimpleNamespace(orig_shape=image.shape[:2], boxes=SimpleNamespace(xyxy=xyxy, conf=scores))
            for image, xyxy in zip(images, boxes, strict=True)
        ]


@pytest.mark.parametrize(
    ("cuda", "batches"),
    [(False, [(1, 224)] * 18 + [(1, 320)] * 2), (True, [(16, 224), (16, 224), (16, 320)])],
    ids=["cpu", "gpu"],
)
def test_batches_on_a_gpu_have_one_size(
    cuda: bool, batches: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_detector, "has_cuda", lambda: cuda)
    monkeypatch.setattr(torch_detector, "import_ultralytics", lambda _: SimpleNamespace(YOLO=FakeYolo))
    sides = [400 if number in (3, 9) else 40 for number in range(1, 21)]
    images = [np.full((30, side, 3), (0, 0, number), dtype=np.uint8) for number, side in enumerate(sides, start=1)]
    found = TorchFaceDetector(DETECTOR_TORCH, trusted=None).detect(images)
    assert [faces.boxes.tolist() for faces in found] == [[[0, 1, number, 9]] for number in range(1, 21)]
    assert {faces.scores.tolist()[0] for faces in found} == {0.9876}
    assert FakeYolo.batches == batches


def agreement(images: Sequence[Pixels], *, image_size: int) -> tuple[int, float]:
    """Return the number of faces that torch finds, and the share that OpenVINO finds with an IoU of at least 0.9."""
    trusted = trusted_checkpoints()
    slow = TorchFaceDetector(DETECTOR_TORCH, image_size=image_size, trusted=trusted, **SETTINGS)
    fast = OpenVinoFaceDetector(DETECTOR_RUNTIME, image_size=image_size, batch_size=CPU_BATCH, **SETTINGS)
    pairs = list(zip(slow.detect(images), fast.detect(images), strict=True))
    agreed = sum(_matched(expected, found) for expected, found in pairs)
    faces = sum(len(expected) for expected, _ in pairs)
    return faces, agreed / max(faces, 1)


def _matched(expected: Detections, found: Detections) -> int:
    return int((pairwise_iou(expected.boxes, found.boxes).max(axis=1, initial=0) >= 0.9).sum())


def drawn_images() -> list[Pixels]:
    """Return synthetic images, and as many crops of them of other sizes."""
    images = [image for image, _ in make_detector_examples(60, seed=3)]
    return images + [image[: -(1 + index % 7), : -(1 + index % 5)].copy() for index, image in enumerate(images)]


def real_images(folder: Path) -> list[Pixels]:
    paths = find_images(folder)
    return [read_rgb(paths[index]) for index in np.linspace(0, len(paths) - 1, 150).astype(int)]


def agreement_in_another_process(images: str, *, image_size: int) -> tuple[int, float]:
    """Measure without TensorFlow, after which loading torchvision ends the process."""
    if find_spec("ultralytics") is None:
        pytest.skip("needs agelens[train]")
    code = (
        "from pathlib import Path\n"
        "from tests.data_prep.faces.test_torch_detector import agreement, drawn_images, real_images\n"
        f"print(*agreement({images}, image_size={image_size}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    faces, share = ran.stdout.splitlines()[-1].split()
    return int(faces), float(share)


@pytest.mark.slow
@pytest.mark.parametrize("image_size", [224, 320])
def test_both_detectors_find_the_same_synthetic_faces(image_size: int) -> None:
    faces, share = agreement_in_another_process("drawn_images()", image_size=image_size)
    assert faces > 100
    assert share >= 0.99


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_both_detectors_find_the_same_real_faces(name: str) -> None:
    folder = (ROOT / "../shared/data" / SETS[name]).resolve()
    if not folder.is_dir():
        pytest.skip(f"there is no {name} in ../shared/data")
    faces, share = agreement_in_another_process(f"real_images(Path({str(folder)!r}))", image_size=320)
    assert faces > 100
    assert share >= 0.99
