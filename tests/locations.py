"""Paths of the checkout and of shared data sets."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

SHARED_DATA = ROOT.parent / "shared" / "data"
"""Real data sets next to the checkout; tests that need one are skipped if it is absent."""
