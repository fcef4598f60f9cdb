"""Published results of the protocols, to be read beside ours. They differ in training data and in networks."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class PublishedResult:
    """One published result.

    Args:
        method: Name of the method, and what it was trained on beside the folds.
        figure: As published.
        source: Where.
    """

    method: str
    figure: str
    source: str


FIGURES = {
    "adience": (
        PublishedResult("LBP and FPLBP with dropout-SVM", "exact 45.1 ± 2.6 %, one-off 79.5 ± 1.4 %", "Eidinger 2014"),
        PublishedResult("small CNN, no other data", "exact 50.7 ± 5.1 %, one-off 84.7 ± 2.2 %", "Levi & Hassner 2015"),
        PublishedResult("DEX, VGG-16, IMDB-WIKI", "exact 64.0 ± 4.2 %, one-off 96.6 ± 0.9 %", "Rothe et al. 2018"),
        PublishedResult("MiVOLO-D1, Lagenda, not trained on Adience", "exact 68.7 %", "Kuprashevich & Tolstykh 2023"),
    ),
    "fgnet": (
        PublishedResult("DEX, VGG-16, ImageNet", "MAE 4.63 years", "Rothe et al. 2018"),
        PublishedResult("mean-variance loss", "MAE 4.10 years", "Pan et al. 2018"),
        PublishedResult("deep regression forests", "MAE 3.85 years", "Shen et al. 2018"),
    ),
    "utkface": (
        PublishedResult("ResNet-50, ImageNet, cross-entropy", "MAE 4.77 ± 0.12 years", "reproduction of the next"),
        PublishedResult("ResNet-50, IMDB-WIKI, cross-entropy", "MAE 4.38 years", "Paplham & Franc 2024"),
        PublishedResult("FaRL ViT-B", "MAE 3.87 years", "Paplham & Franc 2024"),
    ),
}
"""By reader: Adience's folds, FG-NET leave-one-person-out, UTKFace in five folds."""

PROTOCOLS = {"adience": "published", "fgnet": "person", "utkface": "folds"}
"""The protocol that the figures of a reader belong to."""


def published_results(reader: str, *, by: str) -> list[dict[str, str]]:
    """Return the published results of a data set in a protocol, as plain values; empty if we know none.

    Args:
        reader: Name of the reader of the source.
        by: What is left out at a time; see `agelens.pipeline.cross_validation.plans.By`.
    """
    return [asdict(result) for result in FIGURES.get(reader, ())] if PROTOCOLS.get(reader) == by else []
