"""Export an exported model to every format and measure size, differences, MAE and speed on photographs with known ages.

    python -m benchmarks.exports.formats READER FOLDER [--model FOLDER] [--record]

Only photographs in which exactly one face is found are used, since a label belongs to one person. Every second face is
compared, up to 500; int8 ranges are measured on up to 200 of the others. A format that fails is recorded with the
reason.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.records import Record
from agelens.data_prep.readers import READERS
from agelens.models.exports.export import Faces, write_export
from agelens.models.exports.format_names import FormatName
from agelens.models.serving.model_card import ModelCard
from agelens.pipeline.exports.photographs import views_of_photographs
from agelens.pipeline.exports.sources import COMPARED, RANGED, ExportSource, open_exported
from agelens.weights.defaults import AGE_MODEL
from benchmarks.evidence import add_record_option, write_result


def main() -> None:
    """Export, measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reader", choices=sorted(READERS), help="of the data set")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, default=AGE_MODEL, help="folder of an exported model; default: bundled")
    add_record_option(parser)
    asked, started = parser.parse_args(), time.perf_counter()
    source = open_exported(asked.model, choose_faces=lambda card: labelled_faces(asked.reader, asked.folder, card))
    expected, true_ages = source.expected["age"][:, 0], source.faces.true_ages
    content = {
        "model": source.card.name,
        "reader": asked.reader,
        "crops": len(true_ages),
        "mae": round(float(np.abs(expected - true_ages).mean()), 4),
        "formats": measure(source),
    }
    write_result("exports", content, seconds=time.perf_counter() - started, record=asked.record)


def labelled_faces(reader: str, folder: Path, card: ModelCard) -> Faces:
    """Return the faces of photographs with an exact age and one face."""
    ages = {
        Path(record.path): record.age_low
        for record in READERS[reader](folder)
        if isinstance(record, Record) and record.age_low == record.age_high
    }
    views, files = views_of_photographs(list(ages), card, most=2 * len(ages))
    single = [index for index, file in enumerate(files) if files.count(file) == 1]
    compared, others = single[::2][:COMPARED], single[1::2][:RANGED]
    return Faces(
        views[compared],
        np.array([ages[files[index]] for index in compared], dtype=np.float64),
        origin=f"photographs of {reader}",
        range_views=views[others],
        range_origin=f"{len(others)} other faces of {reader}",
    )


def measure(source: ExportSource) -> dict[str, Any]:
    """Return what `export.json` says of each format, or why it could not be written."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in FormatName:
            try:
                content = write_export(
                    name,
                    source.network,
                    source.card,
                    folder=Path(folder) / name,
                    faces=source.faces,
                    expected=source.expected,
                    mirror_average=source.mirror_average,
                )
            except DataError as error:
                found[name.value] = {"failed": str(error)}
            else:
                measured = content["comparison"]
                found[name.value] = {
                    "bytes": content["bytes"],
                    "views_per_second": content["views_per_second"],
                    **{key: measured[key] for key in ("mean_differences", "limits")},
                }
            print(name, found[name.value])
    return found


if __name__ == "__main__":
    main()
