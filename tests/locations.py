"""Paths of the checkout and of shared data sets."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

SHARED_DATA = ROOT.parent / "shared" / "data"
"""Real data sets next to the checkout; tests that need one are skipped if it is absent."""

SHARED_CASES = ROOT.parent / "shared" / "cases"
"""Small files on which earlier versions failed; tests that need one are skipped if it is absent."""
