"""The diagram of README.md: the stages of dvc.yaml, and which of them read what others write."""

from collections.abc import Mapping
from html import escape
from typing import Any

WIDTH, HEIGHT, GAP_X, GAP_Y, BORDER = 540, 30, 24, 20, 12


def edges(stages: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return for each stage the stages whose outputs it reads, without those that it also follows indirectly."""
    outs = {name: {_name(entry) for entry in stage["outs"]} for name, stage in stages.items()}
    before: dict[str, set[str]] = {}
    for name, stage in stages.items():
        deps = {_name(entry) for entry in stage["deps"]}
        before[name] = {other for other in before if any(_within(dep, out) for dep in deps for out in outs[other])}
    indirect = {name: set().union(*(_ancestors(other, before) for other in before[name])) for name in before}
    return {name: before[name] - indirect[name] for name in before}


def levels(before: Mapping[str, set[str]]) -> dict[str, int]:
    """Return the row of each stage: one below the lowest stage that it reads from."""
    rows: dict[str, int] = {}
    for name, others in before.items():
        rows[name] = max((rows[other] + 1 for other in others), default=0)
    return rows


def draw_pipeline(stages: Mapping[str, Any]) -> str:
    """Return the diagram as SVG: one box for each stage, with what it does, and lines from top to bottom."""
    before = edges(stages)
    rows = levels(before)
    columns: dict[str, int] = {}
    for name, row in rows.items():
        columns[name] = sum(rows[other] == row for other in columns)
    places = {
        name: (BORDER + columns[name] * (WIDTH + GAP_X), BORDER + rows[name] * (HEIGHT + GAP_Y)) for name in stages
    }
    lines = [_line(places[other], places[name]) for name, others in before.items() for other in sorted(others)]
    boxes = [_box(name, stages[name]["desc"], *places[name]) for name in stages]
    width = 2 * BORDER + (max(columns.values()) + 1) * (WIDTH + GAP_X) - GAP_X
    height = 2 * BORDER + (max(rows.values()) + 1) * (HEIGHT + GAP_Y) - GAP_Y
    return (
        f'<svg width="{width}" height="{height}" xmlns="http://www.w3.org/2000/svg">{"".join([*lines, *boxes])}</svg>'
    )


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    """Return a curve from the bottom of a box to the top of another one, with an arrowhead."""
    x1, y1, x2, y2 = start[0] + 40, start[1] + HEIGHT, end[0] + 40, end[1]
    middle = y1 + GAP_Y // 2
    return (
        f'<path d="M{x1} {y1}V{middle}H{x2}V{y2 - 6}" fill="none" stroke="#5c6670" stroke-width="1.6"/>'
        f'<path d="M{x2 - 5} {y2 - 8}h10l-5 8z" fill="#5c6670"/>'
    )


def _box(name: str, text: str, x: int, y: int) -> str:
    """Return a box with the name of a stage and what it does."""
    return (
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#f3f5f8" stroke="#b9c4ce"/>'
        f'<text x="{x + 12}" y="{y + 20}" font-size="14" font-weight="bold" fill="#00639c" font-family="monospace">'
        f'{escape(name)}</text><text x="{x + 146}" y="{y + 20}" font-size="13" fill="#3c454d">{escape(text)}</text>'
    )


def _name(entry: Any) -> str:
    """Return the path of an entry of dvc.yaml, which may have options."""
    return str(next(iter(entry))) if isinstance(entry, dict) else str(entry)


def _within(path: str, other: str) -> bool:
    return path == other or path.startswith(f"{other}/") or other.startswith(f"{path}/")


def _ancestors(name: str, before: Mapping[str, set[str]]) -> set[str]:
    return before[name].union(*(_ancestors(other, before) for other in before[name]))
