"""Speed of the face detector on OpenVINO, ONNX Runtime and torch, on the same images in one run.

Needs `pip install onnx onnxruntime` beside the extra `train`. Usage: python benchmarks/runtime.py [IMAGES]
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from agelens.data_prep.core.images import Pixels, find_images, read_rgb
from agelens.data_prep.faces.detector import OpenVinoFaceDetector, decode_detections, letterbox
from agelens.data_prep.faces.torch_detector import check_trusted, import_ultralytics
from agelens.data_prep.synthetic.photo import make_detector_examples
from agelens.weights.defaults import DETECTOR_RUNTIME, DETECTOR_TORCH
from agelens.weights.integrity import trusted_checkpoints
from evidence import add_record_option, write_result

SIZE = 320
COUNT = 256


def main() -> None:
    """Measure images per second of each runtime, print the ratio of the two fast ones and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path, nargs="?", help="folder of photographs; default: drawn faces")
    add_record_option(parser)
    asked = parser.parse_args()
    check_trusted(DETECTOR_TORCH, trusted=trusted_checkpoints())
    started = time.perf_counter()
    images = _images(asked.images)
    rates = {"torch": _rate(_torch(), images[:64])}
    rates["ONNX Runtime"] = _rate(_onnxruntime(), images)
    detector = OpenVinoFaceDetector(DETECTOR_RUNTIME, image_size=SIZE)
    rates["OpenVINO"] = _rate(detector.detect, images)
    for name, rate in rates.items():
        print(f"{name:14} {rate:7.1f} images/s")
    content = {"size": SIZE, "images_per_second": rates}
    write_result("runtime", content, seconds=time.perf_counter() - started, record=asked.record)
    print(f"OpenVINO against ONNX Runtime: {rates['OpenVINO'] / rates['ONNX Runtime']:.1f}x")


def _images(folder: Path | None) -> list[Pixels]:
    if folder is not None:
        return [read_rgb(path) for path in find_images(folder)[:COUNT]]
    return [image for image, _ in make_detector_examples(COUNT, seed=0)]


def _rate(detect: Callable[[list[Pixels]], Any], images: list[Pixels]) -> float:
    detect(images[:8])
    started = time.perf_counter()
    detect(images)
    return len(images) / (time.perf_counter() - started)


def _torch() -> Callable[[list[Pixels]], Any]:
    with tempfile.TemporaryDirectory() as folder:
        model = import_ultralytics(Path(folder)).YOLO(str(DETECTOR_TORCH))
    return lambda images: [model.predict(image[..., ::-1], imgsz=SIZE, conf=0.3, verbose=False) for image in images]


def _onnxruntime() -> Callable[[list[Pixels]], Any]:
    import onnxruntime as ort  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "face.pt"
        copy.write_bytes(DETECTOR_TORCH.read_bytes())
        exported = import_ultralytics(Path(folder)).YOLO(str(copy)).export(format="onnx", imgsz=SIZE, nms=False)
        session = ort.InferenceSession(exported, providers=["CPUExecutionProvider"])

    def detect(images: list[Pixels]) -> None:
        for image in images:
            square, fitted = letterbox(image, size=SIZE)
            tensor = np.ascontiguousarray(square.transpose(2, 0, 1)[None], dtype=np.float32) / 255
            (output,) = session.run(None, {"images": tensor})
            height, width = image.shape[:2]
            decode_detections(output[0], fitted, height=height, width=width, min_score=0.3, max_overlap=0.5)

    return detect


if __name__ == "__main__":
    main()
