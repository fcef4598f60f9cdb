"""Network, training, caches, calibration, evaluation and prediction. May import data_prep and weights."""
