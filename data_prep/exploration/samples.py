"""Sample faces of each age band."""

import pandas as pd

from agelens.data_prep.core.age_bands import BAND_NAMES
from agelens.data_prep.exploration.ages import band_of
from agelens.data_prep.splits.split import hash_names


def choose_samples(faces: pd.DataFrame, *, per_band: int, seed: int = 0) -> pd.DataFrame:
    """Return some faces of each source and age band, chosen by a hash of their names, so that no one chooses them.

    Args:
        faces: At least the columns of FACES.
        per_band: Most faces of one source and band.
        seed: Of the hash.

    Returns:
        The chosen rows with the column `band`, by source, band and hash.
    """
    order = hash_names(faces["image_id"], seed=seed)
    place = band_of(faces["age"]).map({name: index for index, name in enumerate(BAND_NAMES)})
    table = faces.assign(band=band_of(faces["age"]), order=order, place=place)
    table = table.sort_values(["source", "place", "order"])
    chosen = table[table.groupby(["source", "band"]).cumcount() < per_band]
    return chosen.drop(columns=["order", "place"]).reset_index(drop=True)
