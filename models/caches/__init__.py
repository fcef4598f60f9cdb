"""Outputs of frozen layers, kept on disk."""
