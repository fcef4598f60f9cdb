"""From crops to a balanced training set: duplicates, splits, folds, rebalancing."""
