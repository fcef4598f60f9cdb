"""Cross-validation of one source: `agelens protocol`."""
