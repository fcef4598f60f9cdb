"""Which rows each turn of a protocol trains on and tests."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.core.tables import GROUPED, MANIFEST, read_table
from agelens.data_prep.readers.adience import read_published_folds
from agelens.data_prep.splits.folds import hold_out_each, make_folds, rotate_folds
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths

By = Literal["folds", "published", "person", "source"]
"""What is tested at a time: a fold of ours, a published fold, a person, or a source."""

Splits = dict[str, pd.DataFrame]
"""The tables `train`, `val` and `test`, which follow SPLIT."""

ADIENCE_AGE_GROUPS = [0, 3, 7, 14, 23, 35, 46, 57]
"""First ages of groups that contain one class of Adience each; the ages between two classes are divided in the middle,
because the groups of a model leave no gaps."""


@dataclass(frozen=True)
class Plan:
    """The turns of a protocol.

    Args:
        turns: What is tested in each, with its splits.
        text: The protocol in one line.
        missing: How many published faces the data lack, and of how many; empty if none.
    """

    turns: list[tuple[str, Splits]]
    text: str
    missing: str = ""

    @property
    def rows(self) -> pd.DataFrame:
        """All rows of all turns; follow SPLIT."""
        tables = [table for _, splits in self.turns for table in splits.values()]
        return pd.concat(tables, ignore_index=True).drop_duplicates("image_id").reset_index(drop=True)


def plan_turns(
    params: Params, paths: Paths, *, by: By, source: str | None, folds: int = 5, incomplete: bool = False
) -> Plan:
    """Return the turns of a protocol.

    Args:
        params: The settings.
        paths: Where the grouped table is.
        by: What is tested at a time.
        source: Name of the source; for `source`, the one that is left out, None to leave out each in turn.
        folds: Number of folds, for `folds`.
        incomplete: Accept published folds of which faces are missing.

    Raises:
        ParamsError: The source does not fit the protocol, or published faces are missing.
        DataError: `dvc repro deduplicate` has not been run.
    """
    _check_source(params, by=by, source=source)
    table, groups = read_table(paths.grouped, GROUPED), AgeGroups(tuple(params.age_groups))
    if by == "source":
        turns = hold_out_each(table, table["source"], groups=groups, seed=params.seed)
        return Plan(
            [turn for turn in turns if source in {None, turn[0]}],
            "each source is tested once by a network that was trained on the others",
        )
    rows = table[table["source"] == source].reset_index(drop=True)
    if by == "folds":
        made = rotate_folds(make_folds(rows, count=folds, groups=groups, seed=params.seed))
        text = f"{folds} folds by group; each tested once, the next validates, the others train"
        return Plan([(f"fold {number}", splits) for number, splits in enumerate(made)], text)
    if by == "person":
        if rows["subject"].isna().any():
            msg = f"--by person needs a source that names the people in it; {source} does not name all of them."
            raise ParamsError(msg)
        turns = hold_out_each(rows, rows["subject"], groups=groups, seed=params.seed)
        return Plan(list(turns), "each person is tested once by a network that was trained on the others")
    return _published(params, paths, rows, source=str(source), incomplete=incomplete)


def _published(params: Params, paths: Paths, rows: pd.DataFrame, *, source: str, incomplete: bool) -> Plan:
    """Return the published folds of Adience; faces whose label is none of its eight classes are left out."""
    folds = {f"{source}/{name}": fold for name, fold in read_published_folds(params.sources[source].path).items()}
    images = set(read_table(paths.manifest, MANIFEST)["image_id"])
    absent = len(folds.keys() - images)
    missing = f"{absent:,} of {len(folds):,} published faces are missing" if absent else ""
    if missing and not incomplete:
        msg = f"{missing}, so that results cannot be compared. Get the others, or use --incomplete."
        raise ParamsError(msg)
    fold = rows["image_id"].map(folds)
    kept, names = rows[fold.notna()].reset_index(drop=True), fold.dropna().astype(int).map("fold {}".format)
    groups = AgeGroups(tuple(params.age_groups))
    turns = hold_out_each(kept, names.reset_index(drop=True), groups=groups, seed=params.seed)
    text = "the five published folds; each tested once, nine tenths of the others train and one tenth validates"
    return Plan(list(turns), text, missing)


def _check_source(params: Params, *, by: By, source: str | None) -> None:
    if source is None and by != "source":
        msg = f"--by {by} needs a source of params.yaml. Sources: {', '.join(params.sources)}."
        raise ParamsError(msg)
    if source is not None and source not in params.sources:
        msg = f"There is no source {source} in params.yaml. Sources: {', '.join(params.sources)}."
        raise ParamsError(msg)
    if by == "published" and params.sources[str(source)].reader != "adience":
        msg = f"--by published is for sources of the reader adience. Received: {params.sources[str(source)].reader}."
        raise ParamsError(msg)
