"""Data preparation, from raw folders to batches. Imports no other package of this project."""
