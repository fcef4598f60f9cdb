"""Faults that the tests once overlooked, and mutants that no test needs to notice: lists for `mutants.py`."""

from dataclasses import dataclass

from mutations import Mutation


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
    KnownMutant("models/evaluation/slices.py", "MIN_BAND_FACES = 50", "MIN_BAND_FACES = 5"),
    KnownMutant(
        "models/evaluation/metrics.py",
        '"raw_mae": (table["raw_age"] - table["true_age"])',
        '"raw_mae": (table["age"] - table["true_age"])',
    ),
    KnownMutant("models/serving/decoding.py", "raw_age=np.clip(years, 0, MAX_AGE)", "raw_age=np.clip(age, 0, MAX_AGE)"),
    KnownMutant("models/serving/decoding.py", "SUM_TOLERANCE = 0.01", "SUM_TOLERANCE = 0.5"),
    KnownMutant("data_prep/faces/detector.py", "with self.start_lock:", "if True:"),
    KnownMutant("data_prep/core/images.py", "JPEG_QUALITY = 95", "JPEG_QUALITY = 88"),
    KnownMutant("data_prep/core/images.py", 'subsampling="4:4:4"', 'subsampling="4:2:0"'),
    KnownMutant(
        "data_prep/splits/rebalance.py", "MIN_WEIGHT, MAX_WEIGHT = 0.2, 5.0", "MIN_WEIGHT, MAX_WEIGHT = 0.0, 5.0"
    ),
    KnownMutant("data_prep/splits/split.py", "ascending=[False, True]", "ascending=[False, False]"),
    KnownMutant("data_prep/batches/augment.py", "ratio = draw[0] * max_area, 3 **", "ratio = draw[0] * max_area, 1 **"),
    KnownMutant("data_prep/batches/augment.py", "[ratio, 1 / ratio]", "[1 / ratio, ratio]"),
)


@dataclass(frozen=True)
class ToleratedMutants:
    """Mutations of one line that no test needs to notice.

    Args:
        file: Path in the project.
        line: How the line begins, without its indentation.
        reason: Why a test of them would be worthless.
        only: Text of the mutated code by which one mutation is meant; all mutations of the line by default.
    """

    file: str
    line: str
    reason: str
    only: str = ""


MEMORY = "changes speed and memory, and no result"
CHOICE = "a default is a choice; a test would repeat it"
NO_SUCH_INPUT = "differs only for input that does not occur"
SYMMETRIC = "the draws are symmetric about 0"

TOLERATED = (
    ToleratedMutants("data_prep/batches/augment.py", "shift: float =", CHOICE),
    ToleratedMutants("data_prep/batches/augment.py", "zoom: float =", CHOICE),
    ToleratedMutants("data_prep/batches/augment.py", "rotation_degrees: float =", CHOICE),
    ToleratedMutants("data_prep/batches/augment.py", "brightness: float =", CHOICE),
    ToleratedMutants("data_prep/batches/augment.py", "contrast: float =", CHOICE),
    ToleratedMutants("data_prep/batches/augment.py", "saturation: float =", CHOICE),
    ToleratedMutants(
        "data_prep/batches/augment.py", "moves, colors = rng.uniform", "other draws are as good", only="10"
    ),
    ToleratedMutants(
        "data_prep/batches/augment.py", "saturation, contrast = 0.0 if grey else 1 +", SYMMETRIC, only="1 - "
    ),
    ToleratedMutants("data_prep/batches/augment.py", "mirror = -1.0 if", "a draw is never exactly 0", only="<= 0"),
    ToleratedMutants("data_prep/core/decoding/colours.py", "if rows >= height:", MEMORY, only="False"),
    ToleratedMutants("data_prep/core/images.py", "MAX_BYTES =", CHOICE),
    ToleratedMutants("data_prep/core/decoding/colours.py", "BAND_PIXELS =", MEMORY),
    ToleratedMutants(
        "data_prep/core/decoding/files.py", "warnings.filterwarnings(", "pytest replaces the filters of the process"
    ),
    ToleratedMutants("data_prep/core/decoding/colours.py", "rows = max(1, BAND_PIXELS", MEMORY),
    ToleratedMutants("data_prep/core/decoding/colours.py", "white = Image.new(", "Pillow limits colours to 255"),
    ToleratedMutants(
        "data_prep/core/decoding/colours.py", "return np.repeat((values / white", NO_SUCH_INPUT, only="clip(0, 256)"
    ),
    ToleratedMutants(
        "data_prep/core/decoding/colours.py", "return np.repeat((values / white", NO_SUCH_INPUT, only="clip(0, 510)"
    ),
    ToleratedMutants(
        "data_prep/core/decoding/colours.py",
        "return np.array(image if image.mode",
        "converting RGB to RGB copies it",
        only="np.array((image.convert",
    ),
    ToleratedMutants(
        "data_prep/faces/crop.py",
        "inside = np.where(spare >= 0",
        "both are 0 where there is no spare",
        only="spare > 0",
    ),
    ToleratedMutants("data_prep/faces/crop.py", "margin_fraction: float =", CHOICE),
    ToleratedMutants("data_prep/splits/near_hashes.py", "BLOCK_", MEMORY),
    ToleratedMutants("data_prep/splits/near_hashes.py", "EXHAUSTIVE_ROWS", "both ways find the same pairs"),
    ToleratedMutants("data_prep/splits/near_hashes.py", "MAX_RADIUS", "both ways find the same pairs"),
    ToleratedMutants("data_prep/splits/similar_pairs.py", "BLOCK", MEMORY),
    ToleratedMutants("data_prep/splits/similar_pairs.py", "*((0, 1)", "other waves filter other pairs"),
    ToleratedMutants("data_prep/splits/similar_pairs.py", "*((0, 3)", "other waves filter other pairs"),
    ToleratedMutants(
        "data_prep/splits/crop_signature.py", "pixels = hashlib.sha1(", "says only that the hash is no protection"
    ),
    ToleratedMutants("data_prep/splits/crop_signature.py", "bits = np.packbits(", NO_SUCH_INPUT, only=">="),
    ToleratedMutants("data_prep/splits/dedup.py", "if files.max(initial=0)", NO_SUCH_INPUT, only="initial=1"),
    ToleratedMutants("data_prep/splits/rebalance.py", "weight_sigma: float =", CHOICE),
    ToleratedMutants(
        "data_prep/splits/split.py", "if min(fractions.values(), default=0)", NO_SUCH_INPUT, only="default=1"
    ),
    ToleratedMutants(
        "models/calibration/calibration.py",
        "inside = needed <= np.maximum(",
        "a share is at most 1",
        only="initial=2.0",
    ),
    ToleratedMutants(
        "models/calibration/intervals.py",
        "order = np.argsort(",
        "equal errors are one quantile",
        only="argsort(errors))",
    ),
    ToleratedMutants("models/evaluation/slices.py", "def by_slice(", CHOICE),
    ToleratedMutants("models/training/history.py", "gained = record", "a gain of exactly the least gain", only="<="),
    ToleratedMutants("models/training/history.py", "best, waited = float(", "the first epoch sets it", only="1"),
    ToleratedMutants("models/training/losses.py", "delta: float =", CHOICE),
    ToleratedMutants("models/training/losses.py", "def __init__(self, *, sigma: float =", CHOICE),
    ToleratedMutants("models/training/losses.py", "even = -ops.mean(", "a share is at most 1", only="2.0"),
    ToleratedMutants("models/training/objective.py", "model.compute_metrics(", "makes variables early, to save time"),
    ToleratedMutants("models/training/objective.py", "targets = {name: ops.zeros(", "any shape makes the variables"),
    ToleratedMutants("models/training/objective.py", "ones = {name: ops.ones(", "any shape makes the variables"),
    ToleratedMutants("models/training/objective.py", "delta: float =", CHOICE),
    ToleratedMutants("models/training/objective.py", "age_weight: float =", CHOICE),
    ToleratedMutants("models/training/objective.py", "group_weight: float =", CHOICE),
    ToleratedMutants("models/training/objective.py", "distribution_weight: float =", CHOICE),
    ToleratedMutants("models/training/objective.py", "sigma: float =", CHOICE),
    ToleratedMutants("models/training/objective.py", "DEFAULT_ATTRIBUTE_WEIGHT =", CHOICE),
    ToleratedMutants("models/training/objective.py", "label_smoothing: float =", CHOICE),
    ToleratedMutants(
        "pipeline/config/fingerprints.py",
        '"search": params.tune',
        "all settings are plain values",
        only="model_dump(exclude",
    ),
    ToleratedMutants("tuning/importance.py", "if groups < 2", "less than any rounding error", only="<="),
    ToleratedMutants("tuning/importance.py", "if groups < 2", "less than any rounding error", only="2e-09"),
    ToleratedMutants("tuning/importance.py", "return float(np.clip(", "a share is at most 1", only="2.0"),
    ToleratedMutants("tuning/recipe.py", "learning_rate: float =", CHOICE),
    ToleratedMutants("tuning/recipe.py", "weight_decay: float =", CHOICE),
    ToleratedMutants("tuning/recipe.py", "unfreeze: str | int =", CHOICE),
    ToleratedMutants("tuning/recipe.py", "phase2_learning_rate: float =", CHOICE),
    ToleratedMutants("tuning/recipe.py", "augment_strength: float =", CHOICE),
)


def is_tolerated(file: str, source: bytes, mutation: Mutation) -> bool:
    """Return whether a mutation of a file's source is one of `TOLERATED`."""
    before, after = (text.splitlines()[mutation.line - 1].decode().strip() for text in (source, mutation.apply(source)))
    return any(
        each.file == file
        and before.startswith(each.line)
        and (not each.only or (each.only in after and each.only not in before))
        for each in TOLERATED
    )
