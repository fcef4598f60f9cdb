"""Progress bars on a terminal of 80 columns."""

import io

import pytest
from rich.console import Console

from agelens.pipeline import progress


def test_an_annotated_progress_bar_and_its_note_fit_into_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(progress, "console", Console(file=screen, force_terminal=True, color_system=None, width=80))
    note = "best 6.71 years, trial 12 of 60, bracket 2, rung 1 of 3"
    with progress.annotated_progress_bar("search, epochs", total=452) as show:
        show(200, note)
    shown = screen.getvalue()
    assert "200/452" in shown
    assert note in shown
    assert "…" not in shown
