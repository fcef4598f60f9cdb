"""Rare ages are drawn more often, common ones cut; in the training split alone."""

from data_prep.rebalance import rebalance_table
from data_prep.tables import REJECTED, SPLIT, TRAIN, read_table, write_table
from pipeline.params import Params
from pipeline.paths import Paths
from pipeline.progress import say


def run(params: Params, paths: Paths) -> None:
    """Balance the training rows."""
    train = read_table(paths.split_train, SPLIT)
    kept, rejected = rebalance_table(train, **params.rebalance.model_dump(), seed=params.seed)
    write_table(paths.train, kept, TRAIN)
    write_table(paths.train_rejected, rejected, REJECTED)
    say(f"{len(kept)} rows give {int(kept['copies'].sum())} draws an epoch; {len(rejected)} of common ages cut")
