"""Logging of runs to Weights & Biases (W&B), and its dashboard; no other package imports it (docs/dashboards.md)."""
