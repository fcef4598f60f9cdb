"""Schemas of the tables that stages exchange: columns, types and meaning; functions to read, check and write them.

Each schema extends the one before, and all have the column `image_id`, which identifies a face from its photograph to
its prediction.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from agelens.data_prep.core.atomic import replacing
from agelens.data_prep.core.errors import DataError
from agelens.data_prep.core.labels import ATTRIBUTES, MAX_AGE
from agelens.data_prep.core.schema import Column, Schema

DTYPES = {"text": "str", "file": "str", "int": "int64", "float": "float64", "bool": "bool"}

ORDERED = (("age_low", "age_high"), ("true_age_low", "true_age_high"), ("x1", "x2"), ("y1", "y2"))
"""Columns of which the first must not exceed the second."""

OUT_OF_THE_FOLDER = r"^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)"


REJECTED = Schema(
    "rejected",
    (
        Column("image_id", "text", "`<source>/<path relative to its root>`"),
        Column("source", "text", "name of the source in params.yaml"),
        Column("path", "text", "path or address of the photograph"),
        Column("reason", "text", "short code, by which reports count rejected rows"),
        Column("detail", "text", "description of what was found", optional=True),
    ),
)

MANIFEST = Schema(
    "manifest",
    (
        Column("image_id", "text", "unique; `<source>/<path relative to its root>`"),
        Column("source", "text", "name of the source in params.yaml"),
        Column("path", "text", "path or address of the photograph"),
        Column("age_low", "float", "years; lowest age of the label", low=0, high=MAX_AGE),
        Column(
            "age_high",
            "float",
            "years; highest age of the label, equal to age_low for an exact age",
            low=0,
            high=MAX_AGE,
        ),
        Column("age", "float", "years; middle of age_low and age_high", low=0, high=MAX_AGE),
        Column("age_kind", "text", "exact, interval, year_difference or apparent"),
        Column("age_clipped", "bool", "whether the source gives more than 100 years"),
        *(Column(name, "text", attribute.meaning, optional=True) for name, attribute in ATTRIBUTES.items()),
        Column("subject", "text", "`<source>:<person>`, where the source identifies people", optional=True),
    ),
)

FACES = MANIFEST.extended(
    "faces",
    Column("crop", "file", "file of the crop, relative to the folder of crops"),
    Column("x1", "float", "left of the face box, pixels of the upright image"),
    Column("y1", "float", "top of the face box"),
    Column("x2", "float", "right of the face box"),
    Column("y2", "float", "bottom of the face box"),
    Column(
        "score",
        "float",
        "detector's score in 0..1; missing where the crop is the whole image",
        optional=True,
        low=0,
        high=1,
    ),
    Column("found", "text", "detector or whole_image"),
    Column("faces", "int", "number of faces that the detector found in the image", low=0),
    Column("width", "int", "pixels of the upright image", low=1),
    Column("height", "int", "pixels of the upright image", low=1),
    Column("sharpness", "float", "variance of the Laplacian of the grey crop", low=0),
)

POINT_COLUMNS = tuple(f"{name}_{axis}" for name in ("eye1", "eye2", "nose", "mouth1", "mouth2") for axis in "xy")
"""Eyes, tip of the nose and corners of the mouth, left to right as seen in the image."""

LANDMARKS = FACES.extended(
    "landmarks",
    *(Column(name, "float", "pixels of the crop", optional=True) for name in POINT_COLUMNS),
    Column("points_error", "float", "expected error of the points in distances between the eyes", optional=True),
    Column("framing", "text", "points, or box where the points are missing or no face's"),
)

GROUPED = LANDMARKS.extended(
    "grouped",
    Column("photo", "text", "duplicates have the same value"),
    Column("group", "text", "rows that must be in the same split have the same value: same photo or same subject"),
)

SPLIT = GROUPED.extended(
    "split", Column("age_group", "int", "index of the age group, -1 for an interval over several", low=-1)
)

TRAIN = SPLIT.extended(
    "train",
    Column("copies", "int", "how often the row is drawn in each epoch: 1, or more for rare ages", low=1),
    Column("weight", "float", "weight of the row's age loss; the mean is 1", low=0),
)

PREDICTIONS = Schema(
    "predictions",
    (
        Column("image_id", "text", "as in the manifest"),
        Column("source", "text", "as in the manifest"),
        Column("photo", "text", "duplicates have the same value"),
        Column("group", "text", "faces of one person, or files of one photo, have the same value"),
        Column("framing", "text", "how the network saw the face: points or box"),
        Column("true_age", "float", "years; middle of the label", low=0, high=MAX_AGE),
        Column("true_age_low", "float", "years", low=0, high=MAX_AGE),
        Column("true_age_high", "float", "years", low=0, high=MAX_AGE),
        Column("true_age_group", "int", "index, -1 for an interval over several groups", low=-1),
        *(Column(name, "text", "label of the source, not a prediction", optional=True) for name in ATTRIBUTES),
        Column("age", "float", "years; predicted"),
        Column("raw_age", "float", "years; predicted, before bias correction"),
        Column("age_low", "float", "years; lower end of the prediction interval"),
        Column("age_high", "float", "years; upper end of the prediction interval"),
        Column("age_group", "int", "index; predicted"),
        Column("age_group_probability", "float", "probability of the predicted group, 0..1"),
        *(Column(f"predicted_{name}", "text", "missing without such a head", optional=True) for name in ATTRIBUTES),
    ),
)


def check_table(table: pd.DataFrame, schema: Schema) -> None:
    """Raise `DataError` unless `table` follows `schema`: columns, values in their limits, an `image_id` once only."""
    if list(table.columns) != schema.names:
        msg = f"A {schema.name} table must have the columns {schema.names}. Received: {list(table.columns)}."
        raise DataError(msg)
    for column in schema.columns:
        if not column.optional and table[column.name].isna().any():
            row = table.index[table[column.name].isna()][0]
            msg = f"Column {column.name} of a {schema.name} table must be filled; it is missing in row {row}."
            raise DataError(msg)
    if wrong := find_wrong_value(table, schema):
        raise DataError(wrong)
    if "image_id" in table and schema is not REJECTED and table["image_id"].duplicated().any():
        twice = table.loc[table["image_id"].duplicated(), "image_id"].iloc[0]
        msg = f"image_id of a {schema.name} table must be unique; {twice!r} occurs twice."
        raise DataError(msg)


def find_wrong_value(table: pd.DataFrame, schema: Schema) -> str | None:
    """Return what is wrong with the first wrong value of a table that has the columns of a schema; None if all fit.

    A missing value is not wrong.
    """
    for column in schema.columns:
        wrong, wanted = _wrong_rows(table[column.name], column)
        if wrong.any():
            row = table.index[wrong][0]
            value = str(table.loc[row, column.name])[:100]
            return f"Column {column.name} of a {schema.name} table must hold {wanted}; row {row} holds {value!r}."
    for first, second in ORDERED:
        if first in schema.names and second in schema.names and (wrong := table[first] > table[second]).any():
            row = table.index[wrong][0]
            pair = f"{table.loc[row, first]:g} and {table.loc[row, second]:g}"
            return f"{first} of a {schema.name} table must not exceed {second}; row {row} holds {pair}."
    return None


def _wrong_rows(values: "pd.Series[Any]", column: Column) -> tuple["pd.Series[Any]", str]:
    """Return which values of a column are wrong, and what they must be."""
    if column.kind == "file":
        return values.str.contains(OUT_OF_THE_FOLDER, na=False), "paths that stay in their folder"
    if column.kind not in {"int", "float"}:
        return pd.Series(np.zeros(len(values), dtype=bool), index=values.index), ""
    numbers = values.astype("float64")
    wrong = (numbers < column.low) | (numbers > column.high) | np.isinf(numbers)
    limits = [f"at least {column.low:g}"] if column.low > -np.inf else []
    limits += [f"at most {column.high:g}"] if column.high < np.inf else []
    return wrong, " ".join(["finite numbers", *([f"of {' and '.join(limits)}"] if limits else [])])


def make_table(rows: list[dict[str, object]], schema: Schema) -> pd.DataFrame:
    """Return rows as a table with the schema's columns and types, also if there are no rows."""
    table = pd.DataFrame(rows, columns=schema.names)
    return table.astype({column.name: DTYPES[column.kind] for column in schema.columns})


def read_table(path: Path, schema: Schema) -> pd.DataFrame:
    """Read and check one table.

    Raises:
        DataError: The file is missing, cannot be read, or does not follow the schema; the message names it.
    """
    if not path.is_file():
        msg = f"There is no {schema.name} table at {path}; run the stage that writes it, or `dvc repro`."
        raise DataError(msg)
    types = {column.name: DTYPES[column.kind] for column in schema.columns}
    # Only empty fields are missing values: by default, pandas would also drop a person called "None" or "NA".
    try:
        table = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""])
        check_table(table, schema)
    except (ValueError, OverflowError, DataError) as error:  # ParserError and UnicodeDecodeError are ValueErrors
        msg = f"{path} is damaged ({' '.join(str(error)[:300].split())}). Remove it, and run the stage that writes it."
        raise DataError(msg) from error
    return table


def read_figures(
    path: Path,
    *,
    columns: Collection[str] = (),
    numbers: Collection[str] = (),
    texts: Collection[str] | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Read a table of figures, which has no schema.

    Args:
        path: The file.
        columns: That it must have.
        numbers: Columns that it must have and that must hold numbers.
        texts: If given, all columns but these must hold numbers.
        options: Of `pandas.read_csv`.

    Raises:
        DataError: The file cannot be read as a table, or lacks a column; the message names it.
    """
    try:
        table: pd.DataFrame = pd.read_csv(path, **options)
        if missing := [name for name in (*columns, *numbers) if name not in table]:
            reason = f"there is no column {missing[0]}"
            raise ValueError(reason)
        others = () if texts is None else table.columns.difference(list(texts))
        for name in (*numbers, *others):
            pd.to_numeric(table[name])
    except (ValueError, OverflowError) as error:
        msg = f"{path} is damaged ({' '.join(str(error)[:300].split())}). Remove it, and run the stage that writes it."
        raise DataError(msg) from error
    return table


def write_table(path: Path, table: pd.DataFrame, schema: Schema) -> None:
    """Check one table and write it atomically."""
    check_table(table, schema)
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
