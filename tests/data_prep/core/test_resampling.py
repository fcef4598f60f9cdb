"""Resizing and warping; tests/properties compare the pixels of both implementations."""

import itertools
import subprocess
import sys

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from agelens.data_prep.core import resampling
from agelens.data_prep.core.images import Pixels
from agelens.data_prep.core.resampling import with_opencv, without_opencv
from agelens.data_prep.core.resampling.kernels import BandKernel, Kernel, make_bands
from tests.locations import ROOT


def drawn(height: int, width: int, *, seed: int = 0) -> Pixels:
    """Return smooth noise in one half and sharp noise in the other."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    noise[: height // 2] = cv2.GaussianBlur(noise, (0, 0), 2)[: height // 2]
    return noise


def similarity(scale: float, degrees: float, x: float, y: float) -> npt.NDArray[np.float64]:
    cos, sin = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    return np.array([[cos, -sin, x], [sin, cos, y]])


def test_the_transform_is_unchanged_and_parts_of_images_are_read() -> None:
    transform, image = similarity(0.7, 20, 3, 4), drawn(90, 80)[10:70, 5:75]
    before = transform.copy()
    for module, supersample in itertools.product((with_opencv, without_opencv), (False, True)):
        view = module.warp(image, transform, side=30, supersample=supersample)
        assert np.array_equal(view, module.warp(image.copy(), before, side=30, supersample=supersample))
    assert np.array_equal(transform, before)


@pytest.mark.parametrize(("scale", "supersample"), [(0.95, False), (0.75, True), (0.4, True)])
def test_few_values_of_a_warped_face_differ(scale: float, supersample: bool) -> None:
    crop, different, rng = drawn(192, 192), 0, np.random.default_rng(0)
    for degrees, x, y in rng.uniform((-20, -5, -20), (20, 30, 10), (20, 3)):
        transform = similarity(scale, degrees, x, y)
        expected = with_opencv.warp(crop, transform, side=150, supersample=supersample)
        view = without_opencv.warp(crop, transform, side=150, supersample=supersample)
        different += int((view != expected).sum())
    assert different < 20 * expected.size / 1000


@pytest.mark.parametrize(("kernel", "sides"), [("cubic", (140, 181, 250)), ("area", (290, 331, 500))])
def test_few_values_of_a_crop_differ(kernel: Kernel, sides: tuple[int, ...]) -> None:
    for side in sides:
        expected = with_opencv.resize(drawn(side, side), height=192, width=192, kernel=kernel)
        crop = without_opencv.resize(drawn(side, side), height=192, width=192, kernel=kernel)
        assert (crop != expected).sum() < expected.size / 1000


def test_an_image_of_the_same_size_is_unchanged() -> None:
    image = drawn(40, 50)
    kernels: tuple[Kernel, ...] = ("linear", "cubic", "area")
    for kernel in kernels:
        assert np.array_equal(without_opencv.resize(image, height=40, width=50, kernel=kernel), image)


@pytest.mark.parametrize("kernel", ["linear", "area"])
@pytest.mark.parametrize("scale", [1.5, 2, 3, 4])
def test_shrinking_by_simple_factors_is_that_of_opencv(kernel: Kernel, scale: float) -> None:
    image = drawn(240, 360)
    height, width = round(240 / scale), round(360 / scale)
    expected = with_opencv.resize(image, height=height, width=width, kernel=kernel)
    assert np.array_equal(without_opencv.resize(image, height=height, width=width, kernel=kernel), expected)


@pytest.mark.parametrize("kernel", ["cubic", "area"])
@pytest.mark.parametrize(("length", "size"), [(1, 1), (2, 1), (7, 3), (100, 37), (4000, 320)])
def test_weights_of_a_pixel_add_up_to_one(length: int, size: int, kernel: BandKernel) -> None:
    bands = make_bands(length, size, kernel, band=16)
    assert [band.start for band in bands] == [0, *(band.stop for band in bands[:-1])]
    assert bands[-1].stop == size
    for band in bands:
        assert np.allclose(band.weights.sum(axis=1), 1, atol=1e-5)


def test_opencv_is_used_where_it_is_installed() -> None:
    assert resampling.resize is with_opencv.resize


FINDER = """
import sys
from importlib.abc import MetaPathFinder
class Broken(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "cv2":
            raise {error}
sys.meta_path.insert(0, Broken())
"""

MODULE = """
import sys, types
sys.modules["cv2"] = types.ModuleType("cv2")
sys.modules["cv2"].__dict__.update({values})
"""


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(FINDER.format(error="ModuleNotFoundError('cv2')"), id="not installed"),
        pytest.param(FINDER.format(error="ImportError('libGL.so.1: cannot open')"), id="without libGL"),
        pytest.param(MODULE.format(values={}), id="half removed"),
        pytest.param(MODULE.format(values={"__version__": "4.13.0"}), id="an old version"),
    ],
)
def test_without_a_working_opencv_numpy_and_openvino_are_used(code: str) -> None:
    code += "from agelens.data_prep.core.resampling import warp\nprint(warp.__module__)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ran.stdout.strip() == "agelens.data_prep.core.resampling.without_opencv"
