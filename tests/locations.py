"""Where the checkout and the shared data sets lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

SHARED_DATA = ROOT.parent / "shared" / "data"
"""Real data sets beside the checkout; tests that need one skip where it is absent."""
