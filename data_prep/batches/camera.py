"""What cameras, files and albums do to a face: low resolution, noise, blur, compression, faded and tinted prints.

A network that has seen clean images only is thrown off by sensor noise of a few grey levels; views with these changes
teach it to expect them. Shares are of the camera views, ranges are drawn evenly.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.images import Pixels

Range = tuple[float, float]

NOISE_TABLE = 640
"""Side of the tables of noise that views cut their own from; drawing it pixel by pixel takes 20 times as long."""

NOISE_SIGMA = 32
"""Standard deviation of the tables, in levels."""


@dataclass(frozen=True)
class CameraAugmentation:
    """Camera changes and how many views get them.

    Args:
        share: Share of the views that are camera views; 0 turns all of this off.
        shift: Largest shift of a camera view, as a fraction of the side.
        zoom: Largest change of scale, as a fraction.
        rotation_degrees: Largest turn either way.
        far_share: Share that may be turned by up to `far_rotation_degrees`.
        far_rotation_degrees: See `far_share`.
        brightness: Largest change of brightness, as a fraction of the full range.
        contrast: Largest change of contrast, as a fraction.
        saturation: Largest change of saturation, as a fraction.
        grey: Share without colour.
        gamma: Share with a gamma of its own, and the largest logarithm of it.
        print_share: Share that looks like an old print: blacks lifted, whites lowered, channels tinted.
        print_cast: Largest change of one channel of a print, as a fraction.
        print_levels: Largest lift of its blacks and largest loss of its whites, in levels of 255.
        blur: Share that is blurred, and the range of the Gaussian's sigma in pixels.
        noise: Share with sensor noise, and the range of its sigma in levels.
        small: Share that is shrunk and enlarged again, and the range of the small side, for a view of 150 pixels.
        jpeg: Share that is compressed, and the range of the quality.
        erase: Share with a rectangle hidden, and the largest share of the area.
    """

    share: float = 0.55
    shift: float = 0.04
    zoom: float = 0.09
    rotation_degrees: float = 15.0
    far_share: float = 0.08
    far_rotation_degrees: float = 25.0
    brightness: float = 0.18
    contrast: float = 0.35
    saturation: float = 0.35
    grey: float = 0.25
    gamma: Range = (0.3, 0.375)
    print_share: float = 0.4
    print_cast: float = 0.22
    print_levels: Range = (60.0, 70.0)
    blur: tuple[float, float, float] = (0.25, 0.4, 2.0)
    noise: tuple[float, float, float] = (0.40, 2.0, 14.0)
    small: tuple[float, float, float] = (0.45, 34.0, 130.0)
    jpeg: tuple[float, float, float] = (0.40, 30.0, 95.0)
    erase: Range = (0.12, 0.12)


def develop_view(image: Pixels, rng: np.random.Generator, camera: CameraAugmentation) -> Pixels:
    """Return the view with a gamma and the look of an old print, each in its share of the views."""
    chance, draw = rng.random(2), rng.uniform(-1, 1, 9)
    gamma, old = chance[0] < camera.gamma[0], chance[1] < camera.print_share
    if not (gamma or old):
        return image
    levels = np.linspace(0, 1, 256)
    table = np.repeat((levels ** np.exp(camera.gamma[1] * draw[0]) if gamma else levels)[:, None], 3, axis=1)
    if old:
        table = table ** np.exp(0.18 * draw[1:4])
        black = camera.print_levels[0] * abs(draw[4]) ** 1.5
        white = camera.print_levels[1] * abs(draw[5]) ** 1.5
        table = (black + (255 - white - black) * table) * (1 + camera.print_cast * draw[6:9]) / 255
    rounded = np.clip(np.round(table * 255), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, rounded.reshape(1, 256, 3)), dtype=np.uint8)


def photograph_view(image: Pixels, rng: np.random.Generator, camera: CameraAugmentation) -> Pixels:
    """Return the view blurred, shrunk, noisy, compressed, enlarged again and partly hidden, each in its share."""
    side = image.shape[0]
    chance, draw = rng.random(7), rng.random(9)
    if chance[0] < camera.blur[0]:
        image = blurred(image, _between(camera.blur, draw[0]))
    noisy, before_shrinking = chance[1] < camera.noise[0], chance[2] < 0.5
    if noisy and before_shrinking:
        image = _noisy(image, rng, camera, draw[1:4])
    small = chance[3] < camera.small[0]
    if small:
        small_side = max(8, round(_between(camera.small, draw[4]) * side / 150))
        image = resized(image, (small_side, small_side), cv2.INTER_AREA)
    if noisy and not before_shrinking:
        image = _noisy(image, rng, camera, draw[1:4])
    if chance[4] < camera.jpeg[0]:
        image = compressed(image, round(_between(camera.jpeg, draw[5])))
    if small:
        image = resized(image, (side, side), cv2.INTER_LINEAR if chance[5] < 0.5 else cv2.INTER_CUBIC)
    if chance[6] < camera.erase[0]:
        _hide(image, draw[6:9], rng.random(2), largest=camera.erase[1])
    return image


def blurred(image: Pixels, sigma: float) -> Pixels:
    """Return an image blurred by a Gaussian of `sigma` pixels."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), dtype=np.uint8)


def resized(image: Pixels, size: tuple[int, int], interpolation: int) -> Pixels:
    """Return an image of another size (width, height), with an interpolation of OpenCV."""
    return np.asarray(cv2.resize(image, size, interpolation=interpolation), dtype=np.uint8)


def compressed(image: Pixels, quality: int) -> Pixels:
    """Return an image as it looks after it was stored as JPEG of a quality 0 to 100, without a swap of channels."""
    _, stored = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR), dtype=np.uint8)


def _between(limits: tuple[float, float, float], draw: float) -> float:
    return limits[1] + (limits[2] - limits[1]) * draw


def _hide(image: Pixels, draw: npt.NDArray[np.float64], place: npt.NDArray[np.float64], *, largest: float) -> None:
    """Fill a rectangle, at most three times as long as it is wide, with one grey."""
    side = image.shape[0]
    area, ratio = max(draw[0], 0.1) * largest, 3 ** (2 * draw[1] - 1)
    extent = np.minimum(np.sqrt(area * np.array([ratio, 1 / ratio])), 1.0) * side
    first = (place * (side - extent)).astype(int)
    last = first + extent.astype(int)
    image[first[0] : last[0], first[1] : last[1]] = int(255 * draw[2])


def _noisy(
    image: Pixels, rng: np.random.Generator, camera: CameraAugmentation, draw: npt.NDArray[np.float64]
) -> Pixels:
    """Add noise of brightness, of colour or of both, fine or in grains."""
    side = image.shape[0]
    sigma = _between(camera.noise, draw[0] ** 1.5)
    tables = _noise_tables()[int(draw[1] < 0.3)]
    weights = np.array([draw[2], 1 - draw[2]]) / np.hypot(draw[2], 1 - draw[2])
    rows, columns = rng.integers(0, NOISE_TABLE - side, (2, 2))
    for table, weight, row, column in zip(tables, weights, rows, columns, strict=True):
        part = table[row : row + side, column : column + side]
        added: Any = cv2.addWeighted(image, 1.0, part, sigma * weight / NOISE_SIGMA, 0.0, dtype=cv2.CV_8U)
        image = added
    return image


@cache
def _noise_tables() -> tuple[list[npt.NDArray[np.int16]], list[npt.NDArray[np.int16]]]:
    """Return noise `int16 (NOISE_TABLE, NOISE_TABLE, 3)`: fine and in grains, each of brightness and of colour."""
    rng = np.random.default_rng(0)
    fine: list[npt.NDArray[np.int16]] = []
    grains: list[npt.NDArray[np.int16]] = []
    for channels in (1, 3):
        drawn = rng.standard_normal((NOISE_TABLE, NOISE_TABLE, channels))
        smooth = cv2.GaussianBlur(drawn, (0, 0), 1.0).reshape(drawn.shape)
        for tables, values in ((fine, drawn), (grains, smooth / smooth.std())):
            full = np.repeat(values, 3, axis=2) if channels == 1 else values
            tables.append(np.round(NOISE_SIGMA * full).astype(np.int16))
    return fine, grains
