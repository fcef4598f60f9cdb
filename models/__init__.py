"""Backbone, heads, losses, training, judging, exporting and predicting. May import data_prep and weights."""
