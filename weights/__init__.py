"""Weights in and out: a registry of pretrained files, the embedded models, and where trained ones go."""
