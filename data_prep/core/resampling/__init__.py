"""Resizing and warping of images, by OpenCV where it is installed, otherwise by numpy and OpenVINO.

Prediction needs nothing else of OpenCV, which takes 196 MB. OpenCV is faster and part of the extras `opencv`, `train`,
`video` and `app`. Without it, one pixel in 30,000 differs by 1 of 255; tests compare both.
"""

try:
    from agelens.data_prep.core.resampling.with_opencv import resize, warp
except (ImportError, AttributeError):  # also without libraries that its wheel needs, such as libGL, or half removed
    from agelens.data_prep.core.resampling.without_opencv import resize, warp

__all__ = ["resize", "warp"]
