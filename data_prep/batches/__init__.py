"""Batches of crops, of augmented views and of cached features."""
