"""Losses, metrics, the two training phases, and their checkpoints."""
