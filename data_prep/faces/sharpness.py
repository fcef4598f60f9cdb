"""How sharp a crop is: a column of the table of faces, which only the crop stage writes."""

import cv2

from agelens.data_prep.core.images import Pixels


def sharpness(crop: Pixels) -> float:
    """Return the variance of the Laplacian of the grey crop, in squared grey levels; blurred faces have a low one."""
    _, deviation = cv2.meanStdDev(cv2.Laplacian(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), cv2.CV_16S))
    return float(deviation[0, 0]) ** 2
