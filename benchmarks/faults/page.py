"""The block of docs/faults.md, from the recorded result."""

from collections.abc import Iterable, Mapping
from typing import Any

from pages import measured, table_of

KILLS = ("killed at random", "killed before a rename")
DAMAGES = ("empty", "cut", "flipped", "other type")

WORDS = {
    "resumed": "resumed",
    "finished": "unaffected",
    "rebuilt": "rebuilt",
    "refused": "refused",
    "unused": "not used",
    "valid": "found by DVC only",
    "wrong": "**red**",
}

Counts = Mapping[str, int]


def faults_block() -> str:
    """Return what each stage does about each fault, what happens to each file, and every red cell."""
    if (found := measured("faults")) is None:
        return "Not measured yet."
    return "\n".join(
        [
            *_stages(found),
            "",
            "### Damaged files",
            "",
            "The commands that read each file, together:",
            "",
            *table_of(
                ["file", *DAMAGES],
                [[f"`{name}`", *_cells(faults, DAMAGES)] for name, faults in found["artefacts"].items()],
            ),
            "",
            *_red(found["red"]),
            "",
            f"{found['cells']:,} cells were tried{_left(found['left'])}. Files that differ between two undisturbed "
            f"runs, which are not compared: {', '.join(f'`{name}`' for name in found['not_repeatable']) or 'none'}. "
            f"`{found['command']}`, {found['seconds'] / 60:.0f} minutes on {found['device']}; "
            "[figures](../benchmarks/results/faults.json).",
        ]
    )


def _left(tasks: int) -> str:
    return f", and {tasks} were left when the time was over" if tasks else ""


def _stages(found: Mapping[str, Any]) -> list[str]:
    heads = ["command", *KILLS, "a damaged file", "full disk"]
    rows = []
    for name, faults in found["stages"].items():
        damaged = _sum(faults.get(fault, {}) for fault in DAMAGES)
        disk = found["skipped"] or _words(faults.get("full disk", {}))
        rows.append([f"`{name}`", *_cells(faults, KILLS), _words(damaged), disk])
    return table_of(heads, rows)


def _sum(counts: Iterable[Counts]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for outcome, number in one.items():
            total[outcome] = total.get(outcome, 0) + number
    return total


def _cells(faults: Mapping[str, Counts], names: Iterable[str]) -> list[str]:
    return [_words(faults.get(name, {})) for name in names]


def _words(counts: Counts) -> str:
    return ", ".join(f"{counts[outcome]} {word}" for outcome, word in WORDS.items() if outcome in counts) or "-"


def _red(cells: list[Mapping[str, str]]) -> list[str]:
    if not cells:
        return ["No cell is red."]
    rows = [[cell["command"], cell["fault"], f"`{cell['target']}`", _short(cell["detail"])] for cell in cells]
    return [f"### {len(cells)} red cells", "", *table_of(["command", "fault", "file, moment or space", "result"], rows)]


def _short(detail: str, *, length: int = 160) -> str:
    """Return the end of a text, without what ends a cell of a table."""
    plain = " ".join(detail.replace("|", "/").replace("`", "").split())
    return plain if len(plain) <= length else f"… {plain[-length:]}"
