"""Writes one export format, reads it back in its own runtime and compares it with the model."""

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agelens.data_prep.core.atomic import TEMPORARY_PREFIX, write_json
from agelens.data_prep.core.errors import DataError, ParamsError
from agelens.data_prep.core.images import Pixels
from agelens.models.exports.comparison import Floats, check_within, compare
from agelens.models.exports.description import DESCRIPTION_FILE, describe_export, hash_tree
from agelens.models.exports.format_names import FormatName
from agelens.models.exports.formats import FORMATS, Runner
from agelens.models.exports.quiet import converting
from agelens.models.exports.tensorflow_formats import Outputs
from agelens.models.serving.model_card import ModelCard

BATCH = 16
"""Views that are computed at once, in formats that take several."""

MIN_RANGE_VIEWS = 20
"""Fewest views on which the ranges of activations are measured."""


@dataclass(frozen=True)
class Faces:
    """Views on which exports are compared with the model.

    Args:
        views: `uint8 (N, S, S, 3)` RGB, at least one.
        true_ages: `(N,)` years, NaN where unknown.
        origin: Which faces they are.
        range_views: `uint8 (M, S, S, 3)` RGB, other views, on which int8 formats measure ranges of activations.
        range_origin: Which faces those are.
    """

    views: Pixels
    true_ages: Floats
    origin: str
    range_views: Pixels
    range_origin: str


def write_export(
    name: FormatName,
    network: Any,
    card: ModelCard,
    *,
    folder: Path,
    faces: Faces,
    expected: Mapping[str, Floats],
    mirror_average: bool,
) -> dict[str, Any]:
    """Write a format, with `export.json`, to a folder, which appears only if its outputs are within the limits.

    Args:
        name: Of the format.
        network: From `build_calibrated_network`.
        card: Of the model.
        folder: Replaced if an earlier export wrote it.
        faces: To compare on.
        expected: `(N, ...)` outputs of the model for them, from `agelens.models.exports.comparison.expected_outputs`.
        mirror_average: Whether the graph averages the outputs for a view and its mirror image.

    Returns:
        The content of `export.json`.

    Raises:
        DataError: The installed versions cannot export the network, an output differs too much from that of the model,
            or there are too few views to measure ranges of activations.
        ParamsError: The folder holds something else.
    """
    form = FORMATS[name]
    if name is FormatName.LITERT_INT8 and len(faces.range_views) < MIN_RANGE_VIEWS:
        msg = (
            f"{name} needs at least {MIN_RANGE_VIEWS} faces to measure the ranges of its activations. Received: "
            f"{len(faces.range_views)}. Name more photographs with --images, or choose another format."
        )
        raise DataError(msg)
    with _replacing_export(folder) as temporary:
        target = temporary / form.target
        with converting(name):
            form.write(network, target, faces.range_views)
            run = form.open(target)
            outputs, rate = _run(run, faces.views, batch=1 if form.one_view else BATCH)
        differences = compare(outputs, expected, true_ages=faces.true_ages)
        check_within(differences, form.limits, label=name, crops=len(faces.views))
        files = hash_tree(target)
        content = {
            **describe_export(name, card, network, mirror_average=mirror_average, one_view=form.one_view),
            "usage": form.usage.format(target=form.target),
            "comparison": {
                "crops": len(faces.views),
                "faces": faces.origin,
                "with_true_age": int(np.isfinite(faces.true_ages).sum()),
                "mean_differences": {key: round(value, 6) for key, value in differences.items()},
                "limits": {key: form.limits.of(key) for key in differences},
                **({"ranges_measured_on": faces.range_origin} if name is FormatName.LITERT_INT8 else {}),
            },
            "views_per_second": round(rate, 1),
            "bytes": sum(file["bytes"] for file in files.values()),
            "files": files,
        }
        write_json(temporary / DESCRIPTION_FILE, content)
    return content


def check_target(folder: Path) -> None:
    """Check that an export may be written to a folder: it is absent or empty, or holds an earlier export.

    Raises:
        ParamsError: It holds something else, or is no folder.
    """
    if folder.is_dir():
        if (folder / DESCRIPTION_FILE).is_file() or not any(folder.iterdir()):
            return
    elif not folder.exists() and not folder.is_symlink():
        return
    msg = f"{folder} must be absent, or a folder that an earlier export wrote. Choose another folder with --out."
    raise ParamsError(msg)


@contextmanager
def _replacing_export(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder, which replaces `folder` if the block ends without an error."""
    check_target(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=folder.parent))
    except OSError as error:
        msg = f"{folder} cannot be written: {error.strerror}. Choose another folder with --out."
        raise ParamsError(msg) from error
    try:
        yield temporary
        temporary.chmod(0o755)  # mkdtemp creates folders that only their owner can read
        if folder.is_dir():
            shutil.rmtree(folder)
        temporary.replace(folder)
    except OSError as error:
        msg = f"{folder} cannot be written: {error.strerror}. Free space, or choose another folder with --out."
        raise ParamsError(msg) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _run(run: Runner, views: Pixels, *, batch: int) -> tuple[Outputs, float]:
    """Return the outputs for all views, and how many are computed per second."""
    run(views[:batch])  # compiles or traces
    started = time.perf_counter()
    found = [run(views[start : start + batch]) for start in range(0, len(views), batch)]
    rate = len(views) / (time.perf_counter() - started)
    joined: dict[str, npt.NDArray[Any]] = {
        name: np.concatenate([outputs[name] for outputs in found]) for name in found[0]
    }
    return joined, rate
