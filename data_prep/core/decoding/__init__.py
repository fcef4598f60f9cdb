"""Image files to pixels: formats, limits, damaged files, colours. `agelens.data_prep.core.images` is the interface."""
