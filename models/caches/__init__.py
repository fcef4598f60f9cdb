"""Caches of the outputs of frozen layers, on disk."""
