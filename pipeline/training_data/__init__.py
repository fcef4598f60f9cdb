"""Datasets that the training stages and the search read."""
