"""Figures are written as PNG files, reproducibly and without temporary files left behind."""

from pathlib import Path

from agelens.pipeline.reports.figures import new_figure, write_figure


def test_equal_figures_give_equal_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_figure(tmp_path / f"{name}.png", new_figure("title", x="x", y="y")[0])
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png"]
