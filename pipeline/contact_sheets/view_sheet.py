"""What augmentation does to a face: each change alone, then all together, as a sheet to look at."""

from dataclasses import replace

from agelens.data_prep.batches.augment import Augmentation, augment_view
from agelens.data_prep.core.images import Pixels
from agelens.pipeline.contact_sheets.sheet import draw_contact_sheet

VIEWS = 7


def draw_views(crop: Pixels, augmentation: Augmentation, *, seed: int = 0) -> Pixels:
    """Draw a crop and its first views: a row for each change that is on, with no other, and one for all of them.

    Args:
        crop: `uint8 (S, S, 3)` RGB.
        augmentation: How strongly views differ.
        seed: Of the run.

    Returns:
        `uint8 (height, width, 3)`.
    """
    still = replace(augmentation, **{name: type(value)(0) for name, value in vars(augmentation).items()})
    rows = {
        f"{name} {value:g}" if not isinstance(value, bool) else name: replace(still, **{name: value})
        for name, value in vars(augmentation).items()
        if value
    }
    tiles, captions = [], []
    for name, one in {**rows, "all together": augmentation}.items():
        views = [augment_view(crop, 1, view, augmentation=one, seed=seed) for view in range(1, VIEWS + 1)]
        tiles += [crop, *views]
        captions += [name, *[""] * VIEWS]
    return draw_contact_sheet(tiles, captions, columns=VIEWS + 1)
