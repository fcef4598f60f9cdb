"""The block of docs/serving.md, from the recorded result."""

from collections.abc import Mapping
from typing import Any

from pages import measured, table_of

TITLES = {
    "service": "`agelens serve`, without a rate limit",
    "rate": "`agelens serve`, 120 requests a minute for each address",
    "page": "`agelens app`",
}

KINDS = {
    "good": "usable images",
    "many": "several images at once",
    "empty": "no image",
    "hostile": "damaged or hostile",
    "too large": "too large, or too many",
    "other": "another visitor's files and answers",
    "page": "the page itself",
}


def load_block() -> str:
    """Return what many clients received from each server, and its memory."""
    if (found := measured("load")) is None:
        return "Not measured yet."
    lines = [
        f"{found['clients']} clients at the same time, {found['seconds_each']:.0f} seconds for each server. "
        "*Busy* are refusals with `Retry-After`; times are those of all other answers."
    ]
    for name, title in TITLES.items():
        lines += ["", f"### {title}", "", *_part(found[name])]
    lines += [
        "",
        f"`{found['command']}`, {found['seconds'] / 60:.0f} minutes on {found['device']}; "
        "[figures](../benchmarks/results/load.json).",
        *_soak(),
    ]
    return "\n".join(lines)


def _part(part: Mapping[str, Any]) -> list[str]:
    heads = ["requests", "sent", "200", "refused", "busy", "median", "95 %", "99 %"]
    rows = [_row(title, part["kinds"][kind]) for kind, title in KINDS.items() if kind in part["kinds"]]
    before, half, after = part["megabytes"]
    faults = sum(part["faults"].values())
    return [
        *table_of(heads, rows),
        "",
        f"Answers that are not documented, and failed connections: {faults or 'none'}. Tracebacks: "
        f"{part['tracebacks'] or 'none'}. Memory: {before:.0f} MB before, {half:.0f} MB at half time, {after:.0f} MB "
        f"after. Temporary files at the end: {part['files']:,}, after the server was stopped: "
        f"{part['files_after_stop'] or 'none'}.",
    ]


def _row(title: str, kind: Mapping[str, Any]) -> list[str]:
    counts = {"200": 0, "refused": 0, "busy": 0}
    for status, number in kind["statuses"].items():
        counts[status if status == "200" else "busy" if status in {"429", "503"} else "refused"] += number
    times = ["-" if kind[name] is None else f"{kind[name]:,.0f} ms" for name in ("p50_ms", "p95_ms", "p99_ms")]
    return [
        title,
        f"{sum(counts.values()):,}",
        *(f"{number:,}" if number else "-" for number in counts.values()),
        *times,
    ]


def _soak() -> list[str]:
    """Return the memory over many predictions in Python."""
    if (found := measured("soak")) is None:
        return []
    memory = [reading["megabytes"] for reading in found["readings"]]
    middle = memory[len(memory) // 2]
    return [
        "",
        "### `AgePredictor` in threads",
        "",
        f"{found['predictions']:,} predictions from {found['threads']} threads that share one `AgePredictor`: "
        f"{middle:.0f} MB of memory at half time, {memory[-1]:.0f} MB in the end, {found['different_ages'] or 'no'} "
        f"ages that differ between repetitions. `{found['command']}`, {found['seconds']:.0f} seconds on "
        f"{found['device']}; [figures](../benchmarks/results/soak.json).",
    ]
