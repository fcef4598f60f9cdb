"""Faults that the tests once overlooked, and mutants that no test can notice: lists kept by hand for `mutants.py`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class KnownMutant:
    """A fault that the tests once overlooked; a test must fail on it.

    Args:
        file: Path in the project.
        old: Text that the file holds once.
        new: The faulty text.
        tests: Which tests must notice; those that mirror the module by default.
    """

    file: str
    old: str
    new: str
    tests: tuple[str, ...] = ()


KNOWN = (
    KnownMutant(
        "models/calibration/bias.py",
        "[zlib.crc32(group.encode()) % CROSS_FITTING_FOLDS for group in groups]",
        "[row % CROSS_FITTING_FOLDS for row, _ in enumerate(groups)]",
    ),
    KnownMutant(
        "models/calibration/bias.py",
        "full_correction(age[fold != k], true_age[fold != k]) for k",
        "full_correction(age, true_age) for k",
    ),
    KnownMutant("models/calibration/fit.py", "NEIGHBOUR_WEIGHT = 0.5", "NEIGHBOUR_WEIGHT = 0.0"),
    KnownMutant("models/calibration/fit.py", "MIN_ROWS = 100", "MIN_ROWS = 10"),
    KnownMutant("models/evaluation/metrics.py", "min_rows: int = 50", "min_rows: int = 5"),
    KnownMutant(
        "models/evaluation/metrics.py",
        '"raw_mae": (table["raw_age"] - table["true_age"])',
        '"raw_mae": (table["age"] - table["true_age"])',
    ),
    KnownMutant(
        "models/serving/predictions.py", "raw_age=np.clip(years[:, 0], 0, MAX_AGE)", "raw_age=np.clip(age, 0, MAX_AGE)"
    ),
    KnownMutant("models/serving/predictions.py", "SUM_TOLERANCE = 0.01", "SUM_TOLERANCE = 0.5"),
    KnownMutant("data_prep/faces/detector.py", "with self.start_lock:", "if True:"),
    KnownMutant("data_prep/core/images.py", "JPEG_QUALITY = 95", "JPEG_QUALITY = 88"),
    KnownMutant("data_prep/core/images.py", "JPEG_SAMPLING_FACTOR_444", "JPEG_SAMPLING_FACTOR_420"),
    KnownMutant(
        "data_prep/splits/rebalance.py", "MIN_WEIGHT, MAX_WEIGHT = 0.2, 5.0", "MIN_WEIGHT, MAX_WEIGHT = 0.0, 5.0"
    ),
    KnownMutant("data_prep/splits/split.py", "ascending=[False, True]", "ascending=[False, False]"),
    KnownMutant("data_prep/batches/augment.py", "ratio = draw[0] * max_area, 3 **", "ratio = draw[0] * max_area, 1 **"),
    KnownMutant("data_prep/batches/augment.py", "[ratio, 1 / ratio]", "[1 / ratio, ratio]"),
)

EQUIVALENT: frozenset[tuple[str, str, str]] = frozenset()
"""Mutants, as file, old and new text, that change nothing that a caller can see."""
