"""How the data sets found out the ages of people."""

from typing import Literal, get_args

AgeOrigin = Literal["real", "apparent", "unknown"]
"""`real`: from dates or the person; `apparent`: estimated from the image, by people or by a program."""

ORIGINS: tuple[AgeOrigin, ...] = get_args(AgeOrigin)

AGE_ORIGINS: dict[str, AgeOrigin] = {
    "adience": "apparent",  # labelled by hand from the images and their context (Eidinger et al. 2014)
    "b3fd": "real",  # year of the photograph minus year of birth
    "fairface": "apparent",  # labelled by crowd workers (Kärkkäinen & Joo 2021)
    "fgnet": "real",
    "synthetic": "real",  # the age that was drawn
    "utkface": "apparent",  # estimated by the DEX network and checked by annotators, as the authors state
}
"""By the name of the reader; others are `unknown` unless `sources.<name>.age_origin` gives the origin."""
