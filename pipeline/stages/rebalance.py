"""Rebalance the training split: rare ages are drawn more often, and rows of common ages are removed."""

from agelens.data_prep.core.tables import REJECTED, SPLIT, TRAIN, read_table, write_table
from agelens.data_prep.splits.rebalance import rebalance_table
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import say


def run(params: Params, paths: Paths) -> None:
    """Write the rows that are kept, with their number of copies, and the rows that are removed."""
    train = read_table(paths.split_train, SPLIT)
    kept, rejected = rebalance_table(train, **params.rebalance.model_dump(), seed=params.seed)
    write_table(paths.train, kept, TRAIN)
    write_table(paths.train_rejected, rejected, REJECTED)
    say(f"{len(kept)} rows, {int(kept['copies'].sum())} draws per epoch; {len(rejected)} rows of common ages removed")
