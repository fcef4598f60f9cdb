"""Evaluation of predictions: metrics, slices and their bootstrap intervals."""
