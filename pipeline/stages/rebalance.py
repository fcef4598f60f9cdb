"""Rare ages are drawn more often, common ones cut; in the training split alone."""

from agelens.data_prep.core.tables import REJECTED, SPLIT, TRAIN, read_table, write_table
from agelens.data_prep.splits.rebalance import rebalance_table
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import say


def run(params: Params, paths: Paths) -> None:
    """Balance the training rows."""
    train = read_table(paths.split_train, SPLIT)
    kept, rejected = rebalance_table(train, **params.rebalance.model_dump(), seed=params.seed)
    write_table(paths.train, kept, TRAIN)
    write_table(paths.train_rejected, rejected, REJECTED)
    say(f"{len(kept)} rows give {int(kept['copies'].sum())} draws an epoch; {len(rejected)} of common ages cut")
