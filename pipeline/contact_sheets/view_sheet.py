"""A contact sheet of augmentation: the effect of each change by itself, then of all together."""

from dataclasses import replace

from agelens.data_prep.batches.augment import Augmentation, augment_view
from agelens.data_prep.core.images import Pixels
from agelens.pipeline.contact_sheets.sheet import draw_contact_sheet

VIEWS = 7


def draw_views(crop: Pixels, augmentation: Augmentation, *, seed: int = 0) -> Pixels:
    """Draw a crop and its first views: one row for each change by itself, and one row for all changes.

    Args:
        crop: `uint8 (S, S, 3)` RGB.
        augmentation: The strengths of the changes; those of strength 0 get no row.
        seed: The seed of the views.

    Returns:
        `uint8 (height, width, 3)`.
    """
    changes = {name: value for name, value in vars(augmentation).items() if name != "camera"}
    unchanged = replace(augmentation, camera=None, **{name: type(value)(0) for name, value in changes.items()})
    rows = {
        f"{name} {value:g}" if not isinstance(value, bool) else name: replace(unchanged, **{name: value})
        for name, value in changes.items()
        if value
    }
    if augmentation.camera is not None:
        rows["camera"] = replace(unchanged, camera=replace(augmentation.camera, share=1.0))
    tiles, captions = [], []
    for name, one in {**rows, "all together": augmentation}.items():
        views = [augment_view(crop, 1, view, augmentation=one, seed=seed) for view in range(1, VIEWS + 1)]
        tiles += [crop, *views]
        captions += [name, *[""] * VIEWS]
    return draw_contact_sheet(tiles, captions, columns=VIEWS + 1)
