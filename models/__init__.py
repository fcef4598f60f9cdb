"""Network, training, calibration, evaluation, export and prediction."""
