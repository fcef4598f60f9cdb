"""Which network and which calibration a result comes from, so that states of different runs are never mixed.

Each result records the ids of the files that it was made with: a short hash of their content. A stage refuses a file
that was made with another network or calibration than the present one, and `agelens summary` names all such files.
DVC keeps them together when it runs the pipeline; files may still be mixed by hand, or by `dvc checkout FILE`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from agelens.data_prep.core.atomic import read_json
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.hashing import file_hash
from agelens.pipeline.config.paths import Paths

KEY = "lineage"
"""Where a JSON file records its lineage."""

Lineage = dict[str, str]
"""Id of each file that a result was made with, by what it is: network, calibration."""


def lineage_of(**files: Path) -> Lineage:
    """Return the ids of the files that a result is made with, such as `network=paths.age_net`."""
    return {part: file_hash(file)[:16] for part, file in files.items()}


def read_lineage(record: Path) -> Lineage:
    """Return the lineage that a JSON file records; empty if the file is of an earlier version."""
    return dict(read_json(record).get(KEY, {}))


def check_lineage(record: Path, *, stage: str, **files: Path) -> None:
    """Check that a result was made with the present files.

    Args:
        record: A JSON file that records its lineage; without a record it is of an earlier version, and is accepted.
        stage: Writes the result.
        files: The present files by what they are.

    Raises:
        DataError: It was made with another file.
    """
    if fault := _fault(record, stage=stage, files=files):
        raise DataError(fault)


def common_lineage(first: Path, second: Path, *, stage: str) -> Lineage:
    """Return the lineage of a result and of the one that it was made after, as far as they are recorded.

    Raises:
        DataError: They are of different networks or calibrations, so `stage`, which writes the second, must run again.
    """
    before, after = (read_lineage(path) if path.is_file() else {} for path in (first, second))
    for part, (found, now) in _differences(after, before):
        msg = f"{second} must be of the {part} of {first} ({now}). It is of another ({found}); run `dvc repro {stage}`."
        raise DataError(msg)
    return before | after


def mixed_states(paths: Paths) -> list[str]:
    """Return one line for each result of a project that was made with another network or calibration than the present.

    Missing files and results without a record are left out.
    """
    network, both = {"network": paths.age_net}, {"network": paths.age_net, "calibration": paths.calibration}
    results = [
        (paths.training, "train", network),
        (paths.calibration, "calibrate", network),
        (paths.evaluation_lineage, "evaluate", both),
        (paths.report_lineage, "report", both),
        (paths.exported / "model.json", "export", both),
    ]
    return [fault for record, stage, files in results if (fault := _fault(record, stage=stage, files=files))]


def _fault(record: Path, *, stage: str, files: Mapping[str, Path]) -> str | None:
    """Return what is wrong with a result, in one line."""
    present = {part: file for part, file in files.items() if file.is_file()}
    recorded = read_lineage(record) if record.is_file() else {}
    for part, (found, now) in _differences(recorded, lineage_of(**present)):
        return (
            f"{record} must be made with the {part} {files[part]} ({now}). It was made with another ({found}); "
            f"run `dvc repro {stage}`."
        )
    return None


def _differences(recorded: Lineage, present: Lineage) -> Iterator[tuple[str, tuple[str, str]]]:
    for part, now in present.items():
        if recorded.get(part, now) != now:
            yield part, (recorded[part], now)
