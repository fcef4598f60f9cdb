"""Draw docs/camera.jpg: a drawn face in camera views, each change of `data_prep/batches/camera.py` by itself.

Usage: python benchmarks/images/camera.py docs/camera.jpg
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from agelens.data_prep.batches.camera import CameraAugmentation
from agelens.data_prep.faces.crop import CropShape, crop_face
from agelens.data_prep.synthetic.photo import make_detector_examples
from agelens.pipeline.contact_sheets.camera_sheet import draw_camera_views

EXAMPLES, SEED = 8, 3


def main() -> None:
    """Draw the sheet and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", type=Path)
    asked = parser.parse_args()
    photo, boxes = max(make_detector_examples(EXAMPLES, seed=SEED), key=_largest_side)
    box = boxes[np.argmax(boxes[:, 2] - boxes[:, 0])]
    crop = crop_face(photo, box, CropShape(size=160))
    Image.fromarray(draw_camera_views(crop, CameraAugmentation())).save(asked.image, quality=80)
    print(f"{asked.image}: {asked.image.stat().st_size / 1000:.0f} kB")


def _largest_side(example: tuple[np.ndarray, np.ndarray]) -> float:
    """Return the width of the largest face of an example, 0 without one."""
    return float((example[1][:, 2] - example[1][:, 0]).max(initial=0))


if __name__ == "__main__":
    main()
