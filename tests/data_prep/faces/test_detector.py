"""Face detection: the letterbox, the network's output, and the OpenVINO detector with a tiny network."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from agelens.data_prep.core.errors import WeightsError
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.faces.detector import (
    PAD_VALUE,
    Detections,
    Letterbox,
    OpenVinoFaceDetector,
    decode_detections,
    letterbox,
    square_side,
)
from agelens.data_prep.synthetic.person import sample_person
from agelens.data_prep.synthetic.photo import draw_landscape, draw_photo
from agelens.weights.defaults import DETECTOR_RUNTIME
from tests.locations import ROOT

needs_detector = pytest.mark.skipif(not DETECTOR_RUNTIME.is_file(), reason="needs the bundled face detector")

UNSCALED = Letterbox(scale=1.0, left=0, top=0)


def flat(height: int, width: int, *, value: int = 10) -> Pixels:
    return np.full((height, width, 3), value, dtype=np.uint8)


def raw(*rows: tuple[float, float, float, float, float]) -> npt.NDArray[np.float32]:
    """Return a network's output `(5, N)` from rows of cx, cy, w, h, score."""
    return np.array(rows, dtype=np.float32).reshape(-1, 5).T


def decode(
    output: npt.NDArray[np.float32], *, fitted: Letterbox = UNSCALED, height: int = 100, width: int = 100
) -> Detections:
    return decode_detections(output, fitted, height=height, width=width, min_score=0.3, max_overlap=0.5)


@pytest.mark.parametrize(
    ("height", "width", "fitted", "inner"),
    [
        (320, 320, Letterbox(1.0, 0, 0), (320, 320)),
        (640, 320, Letterbox(0.5, 80, 0), (320, 160)),
        (320, 640, Letterbox(0.5, 0, 80), (160, 320)),
        (100, 160, Letterbox(2.0, 0, 60), (200, 320)),
        (1, 3200, Letterbox(0.1, 0, 159), (1, 320)),
    ],
    ids=["same", "tall", "wide", "enlarged", "line"],
)
def test_an_image_is_fitted_into_the_middle_of_a_grey_square(
    height: int, width: int, fitted: Letterbox, inner: tuple[int, int]
) -> None:
    square, found = letterbox(flat(height, width), size=320)
    assert square.dtype == np.uint8
    assert found == fitted
    expected = np.full((320, 320, 3), PAD_VALUE, dtype=np.uint8)
    expected[fitted.top : fitted.top + inner[0], fitted.left : fitted.left + inner[1]] = 10
    np.testing.assert_array_equal(square, expected)


def test_the_letterbox_maps_points_of_the_image_to_the_square() -> None:
    image = flat(200, 400, value=0)
    image[100:120, 300:320] = 255
    square, fitted = letterbox(image, size=320)
    rows, columns = np.nonzero(square[..., 0] == 255)
    assert fitted == Letterbox(0.8, 0, 80)
    assert (columns.min(), columns.max() + 1) == (300 * 0.8, 320 * 0.8)
    assert (rows.min(), rows.max() + 1) == (100 * 0.8 + 80, 120 * 0.8 + 80)


def test_boxes_are_in_pixels_of_the_image() -> None:
    fitted = Letterbox(scale=0.5, left=80, top=0)  # 320 x 640 in 320 x 320
    found = decode(raw((160, 100, 40, 60, 0.9)), fitted=fitted, height=640, width=320)
    assert found.boxes.tolist() == [[120, 140, 200, 260]]
    assert found.scores.tolist() == [0.9]


def test_a_box_is_unchanged_by_letterbox_and_decoding() -> None:
    _, fitted = letterbox(flat(480, 360), size=320)
    x1, y1, x2, y2 = (np.array([30, 45, 120, 165]) * fitted.scale + [fitted.left, fitted.top] * 2).tolist()
    found = decode(raw(((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1, 0.5)), fitted=fitted, height=480, width=360)
    assert found.boxes.tolist() == [[30, 45, 120, 165]]


@pytest.mark.parametrize("output", [raw(), raw((50, 50, 20, 20, 0.29)), raw(*[(50, 50, 20, 20, 0.0)] * 3)])
def test_boxes_below_the_threshold_are_dropped(output: npt.NDArray[np.float32]) -> None:
    found = decode(output)
    assert (len(found), found.boxes.shape, found.scores.shape) == (0, (0, 4), (0,))


def test_a_box_with_the_score_of_the_threshold_is_kept() -> None:
    found = decode_detections(
        raw((50, 50, 20, 20, 0.5)), UNSCALED, height=100, width=100, min_score=0.5, max_overlap=0.5
    )
    assert found.scores.tolist() == [0.5]


def test_faces_are_sorted_by_score_and_then_by_position() -> None:
    found = decode(raw((15, 15, 10, 10, 0.4), (45, 15, 10, 10, 0.75), (75, 15, 10, 10, 0.9), (15, 75, 10, 10, 0.4)))
    assert found.scores.tolist() == [0.9, 0.75, 0.4, 0.4]
    assert found.boxes[:, :2].tolist() == [[70, 10], [40, 10], [10, 10], [10, 70]]


@pytest.mark.parametrize(
    ("shift", "kept"), [(0, 1), (6, 1), (7, 2), (20, 2)], ids=["same", "iou_14/26", "iou_13/27", "apart"]
)
def test_of_boxes_that_overlap_by_more_than_half_the_best_is_kept(shift: float, kept: int) -> None:
    found = decode(raw((40 + shift, 50, 20, 20, 0.6), (40, 50, 20, 20, 0.8)))
    assert len(found) == kept
    assert (found.boxes[0].tolist(), found.scores[0]) == ([30, 40, 50, 60], 0.8)


def test_boxes_are_clipped_to_the_image_and_rounded() -> None:
    found = decode(raw((5.04, 50.06, 20.0, 20.0, 0.87654321), (95, 95, 20, 20, 0.5)))
    assert found.boxes.tolist() == [[0, 40.1, 15, 60.1], [85, 85, 100, 100]]
    assert found.scores.tolist() == [0.8765, 0.5]


def test_boxes_in_the_border_of_the_letterbox_are_dropped() -> None:
    fitted = Letterbox(scale=1.0, left=0, top=100)  # rows 100..200 of 300 hold the image
    found = decode(raw((50, 40, 20, 20, 0.9), (50, 260, 20, 20, 0.8), (50, 150, 20, 20, 0.7)), fitted=fitted)
    assert found.boxes.tolist() == [[40, 40, 60, 60]]


@pytest.mark.parametrize("present", [(), ("face.xml",), ("face.bin",)], ids=["neither", "xml_alone", "bin_alone"])
def test_a_missing_file_of_the_detector_is_named_in_the_error(tmp_path: Path, present: tuple[str, ...]) -> None:
    for name in present:
        (tmp_path / name).touch()
    missing = "face.bin" if present == ("face.xml",) else "face.xml"
    with pytest.raises(WeightsError, match=rf"There is no .*{missing}"):
        OpenVinoFaceDetector(tmp_path / "face.xml")


@pytest.fixture(scope="module")
def tiny_network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that returns one box in the middle; its score is the mean red of the square."""
    import openvino as ov  # noqa: PLC0415
    from openvino import opset13 as ops  # noqa: PLC0415

    pixels: Any = ops.parameter([-1, 3, -1, -1], dtype=np.float32)
    red = ops.gather(pixels, np.array([0]), np.array(1))
    score = ops.unsqueeze(ops.reduce_mean(red, np.array([2, 3]), keep_dims=False), np.array(2))  # (B, 1, 1)
    middle = ops.constant(np.array([[[32], [32], [16], [8]]], dtype=np.float32))
    boxes = ops.add(middle, ops.multiply(score, np.float32(0)))  # one for each image
    output = ops.concat([boxes, score], axis=1)  # (B, 5, 1)
    path = tmp_path_factory.mktemp("detector") / "tiny.xml"
    ov.save_model(ov.Model([output], [pixels]), path, compress_to_fp16=False)
    return path


@pytest.fixture(scope="module")
def tiny_detector(tiny_network: Path) -> OpenVinoFaceDetector:
    return OpenVinoFaceDetector(tiny_network, image_size=64, min_score=0.2, precision="float32")


def test_detections_are_in_the_order_of_the_images(tiny_detector: OpenVinoFaceDetector) -> None:
    values = [(37 * index) % 200 + 55 for index in range(40)]
    found = tiny_detector.detect([flat(64, 64, value=value) for value in values])
    assert [face.scores.tolist() for face in found] == [[pytest.approx(value / 255, abs=1e-4)] for value in values]


def test_the_detector_reads_rgb_and_returns_pixels_of_the_image(tiny_detector: OpenVinoFaceDetector) -> None:
    red, blue = np.zeros((2, 32, 128, 3), dtype=np.uint8)
    red[..., 0], blue[..., 2] = 255, 255
    (of_red, of_blue) = tiny_detector.detect([red, blue])
    # A quarter of the square is red, three quarters are letterbox.
    assert of_red.scores.tolist() == [pytest.approx((255 + 3 * PAD_VALUE) / 4 / 255, abs=1e-4)]
    assert of_blue.scores.tolist() == [pytest.approx(3 * PAD_VALUE / 4 / 255, abs=1e-4)]
    assert of_red.boxes.tolist() == of_blue.boxes.tolist() == [[48, 8, 80, 24]]


def test_images_without_a_face_have_empty_detections(tiny_detector: OpenVinoFaceDetector) -> None:
    found = tiny_detector.detect([flat(64, 64, value=value) for value in (255, 0, 255)])
    assert [len(faces) for faces in found] == [1, 0, 1]
    assert tiny_detector.detect([]) == []


def test_boxes_do_not_depend_on_the_other_images_of_the_batch(tiny_detector: OpenVinoFaceDetector) -> None:
    images = [flat(40 + index, 70, value=100 + index) for index in range(9)]
    together = tiny_detector.detect(images)
    single = [tiny_detector.detect([image])[0] for image in images]
    assert [face.boxes.tolist() for face in together] == [face.boxes.tolist() for face in single]
    assert [face.scores.tolist() for face in together] == [face.scores.tolist() for face in single]


@pytest.mark.parametrize(
    ("height", "width", "side"),
    [(200, 200, 224), (20, 30, 224), (224, 100, 224), (225, 100, 256), (100, 319, 320), (4000, 3000, 320)],
)
def test_a_small_image_has_a_small_square(height: int, width: int, side: int) -> None:
    assert square_side(height, width, image_size=320) == side
    assert square_side(height, width, image_size=64) == 64


def test_images_with_squares_of_several_sides_keep_their_order(tiny_network: Path) -> None:
    detector = OpenVinoFaceDetector(tiny_network, min_score=0.2)
    found = detector.detect([flat(side, side, value=255) for side in (640, 112, 250, 448, 256)])
    scales = [320 / 640, 224 / 112, 256 / 250, 320 / 448, 1]
    corners = np.array([24, 28, 40, 36])  # of the network's only box, in pixels of the square
    assert [faces.boxes.tolist() for faces in found] == [[(corners / scale).round(1).tolist()] for scale in scales]


@pytest.mark.parametrize("count", [1, 4, 5, 21])
def test_boxes_do_not_depend_on_the_batch_size(tiny_network: Path, count: int) -> None:
    images = [flat(40 + index, 70, value=100 + index) for index in range(count)]
    one, four = (OpenVinoFaceDetector(tiny_network, image_size=64, batch_size=size) for size in (1, 4))
    assert len(images) == len(four.detect(images))
    for single, together in zip(one.detect(images), four.detect(images), strict=True):
        assert single.boxes.tolist() == together.boxes.tolist()
        assert single.scores.tolist() == together.scores.tolist()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_single_image_is_detected_without_filling_its_batch(tiny_network: Path, count: int) -> None:
    images = [flat(40 + index, 70, value=100 + index) for index in range(count)]
    detector = OpenVinoFaceDetector(tiny_network, image_size=64, batch_size=4, fill_single=False)
    expected = OpenVinoFaceDetector(tiny_network, image_size=64, batch_size=4).detect(images)
    assert [faces.boxes.tolist() for faces in detector.detect(images)] == [faces.boxes.tolist() for faces in expected]
    sizes = [detector.pool_for(64, size).network.input(0).shape[0] for size in (1, 4)]
    assert sizes == [1, 4]


@needs_detector
def test_the_bundled_detector_finds_synthetic_faces_and_none_in_a_landscape() -> None:
    rng = np.random.default_rng(5)
    photos = [draw_photo(sample_person(rng), age=30, rng=rng) for _ in range(6)]
    found = OpenVinoFaceDetector(DETECTOR_RUNTIME).detect([image for image, _ in photos])
    for (_, drawn), faces in zip(photos, found, strict=True):
        x1, y1, x2, y2 = np.asarray(drawn).reshape(-1, 4)[0]
        centres = (faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2
        assert (((centres > [x1, y1]) & (centres < [x2, y2])).all(axis=1)).any()
    (nothing,) = OpenVinoFaceDetector(DETECTOR_RUNTIME, min_score=0.6).detect([draw_landscape(rng=rng)])
    assert len(nothing) == 0


def test_a_network_is_compiled_and_first_used_by_one_thread_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first requests of two threads can deadlock in OpenVINO, so both steps need the lock.
    for name in ("face.xml", "face.bin"):
        (tmp_path / name).touch()
    detector = OpenVinoFaceDetector(tmp_path / "face.xml")
    steps: list[tuple[str, bool]] = []

    class Request:
        def infer(self, _: object) -> None:
            steps.append(("infer", detector.start_lock.locked()))

    def compile_network(*_: object, **__: object) -> str:
        steps.append(("compile", detector.start_lock.locked()))
        return "network"

    monkeypatch.setattr("agelens.data_prep.faces.detector.compile_network", compile_network)
    monkeypatch.setattr("agelens.data_prep.core.openvino_requests.make_requests", lambda _: [Request()])
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        for pool in (first, second):
            pool.submit(detector.pool_for, 224, 1).result()
    assert steps == [("compile", True), ("infer", True)]
    assert not detector.start_lock.locked()


SIMULTANEOUS_START = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np

from agelens.data_prep.faces.detector import OpenVinoFaceDetector
from agelens.weights.defaults import DETECTOR_RUNTIME

detector, barrier = OpenVinoFaceDetector(DETECTOR_RUNTIME), Barrier(4)


def detect(_):
    barrier.wait()
    return detector.detect([np.zeros((side, side, 3), dtype=np.uint8) for side in (200, 250, 200, 300)])


with ThreadPoolExecutor(4) as pool:
    print(sum(map(len, pool.map(detect, range(4)))))
"""


def test_threads_that_start_at_the_same_time_do_not_deadlock() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SIMULTANEOUS_START], capture_output=True, text=True, check=False, timeout=120, cwd=ROOT
    )
    assert done.stdout.strip() == "16", done.stderr
