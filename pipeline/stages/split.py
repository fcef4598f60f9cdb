"""Split groups into train, val and test."""

import pandas as pd

from agelens.data_prep.core.labels import AgeGroups
from agelens.data_prep.core.tables import GROUPED, SPLIT, read_table, write_table
from agelens.data_prep.splits.split import check_disjoint, split_table
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import say
from agelens.pipeline.tracking.data import log_splits
from agelens.pipeline.tracking.runs import tracked_run


def run(params: Params, paths: Paths) -> None:
    """Split whole groups, stratified by source and age group, and check that no group is in two splits."""
    with tracked_run("split", params=params, paths=paths) as tracked:
        log_splits(tracked, _split(params, paths))


def _split(params: Params, paths: Paths) -> dict[str, pd.DataFrame]:
    table = read_table(paths.grouped, GROUPED)
    groups = AgeGroups(tuple(params.age_groups))
    section = params.split
    splits = split_table(
        table,
        fractions={"train": section.train, "val": section.val, "test": section.test},
        groups=groups,
        seed=params.seed,
        salt=section.salt,
        zero_shot=section.zero_shot,
    )
    check_disjoint(splits)
    for path, name in ((paths.split_train, "train"), (paths.split_val, "val"), (paths.split_test, "test")):
        write_table(path, splits[name], SPLIT)
        say(f"{name}: {len(splits[name])} rows in {splits[name]['group'].nunique()} groups")
    return splits
