"""A contact sheet of camera views: each change of a camera, a file or an album by itself, then all together."""

from dataclasses import replace
from typing import Any

from agelens.data_prep.batches.augment import Augmentation, augment_view
from agelens.data_prep.batches.camera import CameraAugmentation
from agelens.data_prep.core.images import Pixels
from agelens.pipeline.contact_sheets.sheet import draw_contact_sheet

VIEWS = 5

NONE = CameraAugmentation(
    share=1.0,
    shift=0.0,
    zoom=0.0,
    rotation_degrees=0.0,
    far_share=0.0,
    brightness=0.0,
    contrast=0.0,
    saturation=0.0,
    grey=0.0,
    gamma=(0.0, 0.0),
    print_share=0.0,
    blur=(0.0, 0.0, 0.0),
    noise=(0.0, 0.0, 0.0),
    small=(0.0, 0.0, 0.0),
    jpeg=(0.0, 0.0, 0.0),
    erase=(0.0, 0.0),
)
"""Camera views without any change."""

ALL_VIEWS = 1.0


def camera_changes(camera: CameraAugmentation) -> dict[str, CameraAugmentation]:
    """Return each change by itself, in all views, with the ranges of `camera`; those that are off are left out."""
    shares: dict[str, tuple[float, dict[str, Any]]] = {
        "low resolution": (camera.small[0], {"small": (ALL_VIEWS, *camera.small[1:])}),
        "sensor noise": (camera.noise[0], {"noise": (ALL_VIEWS, *camera.noise[1:])}),
        "blur": (camera.blur[0], {"blur": (ALL_VIEWS, *camera.blur[1:])}),
        "JPEG": (camera.jpeg[0], {"jpeg": (ALL_VIEWS, *camera.jpeg[1:])}),
        "gamma": (camera.gamma[0], {"gamma": (ALL_VIEWS, camera.gamma[1])}),
        "old print": (
            camera.print_share,
            {"print_share": ALL_VIEWS, "print_cast": camera.print_cast, "print_levels": camera.print_levels},
        ),
        "grey": (camera.grey, {"grey": ALL_VIEWS}),
        "light": (
            max(camera.brightness, camera.contrast, camera.saturation),
            {"brightness": camera.brightness, "contrast": camera.contrast, "saturation": camera.saturation},
        ),
        "moved": (
            max(camera.shift, camera.zoom, camera.rotation_degrees),
            {"shift": camera.shift, "zoom": camera.zoom, "rotation_degrees": camera.rotation_degrees},
        ),
        "turned far": (
            camera.far_share,
            # The far turn is a multiple of the usual one, which must not be 0.
            {"far_share": ALL_VIEWS, "far_rotation_degrees": camera.far_rotation_degrees, "rotation_degrees": 1.0},
        ),
        "hidden": (camera.erase[0], {"erase": (ALL_VIEWS, camera.erase[1])}),
    }
    changes = {name: replace(NONE, **settings) for name, (share, settings) in shares.items() if share > 0}
    return {**changes, "all together": replace(camera, share=ALL_VIEWS)}


def draw_camera_views(crop: Pixels, camera: CameraAugmentation, *, seed: int = 0) -> Pixels:
    """Draw a crop and its first camera views, one row for each change.

    Args:
        crop: `uint8 (S, S, 3)` RGB.
        camera: The changes.
        seed: The seed of the views.

    Returns:
        `uint8 (height, width, 3)`.
    """
    still = Augmentation(flip=False, shift=0, zoom=0, rotation_degrees=0, brightness=0, contrast=0, saturation=0)
    tiles, captions = [], []
    for name, one in camera_changes(camera).items():
        drawn = replace(still, camera=one)
        tiles += [crop, *(augment_view(crop, 1, view, augmentation=drawn, seed=seed) for view in range(1, VIEWS + 1))]
        captions += [name, *[""] * VIEWS]
    return draw_contact_sheet(tiles, captions, columns=VIEWS + 1)
