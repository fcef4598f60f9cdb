"""The block of docs/scale.md, from the recorded results."""

import math
from itertools import pairwise
from typing import Any

from pages import measured, table_of

PHOTOGRAPHS = 10_000_000
"""For which the plan is computed."""

CORES = 32
"""Of the machine in the plan."""

PRICE = 0.05
"""USD for a core hour: an assumption, of the order of clouds in 2026."""

Steps = dict[str, dict[int, dict[str, Any]]]


def scale_block() -> str:
    """Return seconds and memory of each step by number of rows, and the plan for ten million photographs."""
    if (found := measured("scale_rows")) is None:
        return "Not measured yet."
    steps: Steps = {}
    for step in found["steps"]:
        steps.setdefault(step["step"], {})[step["rows"]] = step
    sizes = sorted({step["rows"] for step in found["steps"]})
    rows = [[name, *(f"{each[size]['cpu_seconds']:,.1f} s" for size in sizes)] for name, each in steps.items()]
    totals = {
        size: [sum(each[size][kind] for each in steps.values()) for kind in ("cpu_seconds", "seconds")]
        for size in sizes
    }
    peaks = {size: max(each[size]["megabytes"] for each in steps.values()) for size in sizes}
    return "\n".join(
        [
            *table_of(
                ["step", *(f"{size:,} rows" for size in sizes)],
                [
                    *rows,
                    ["**all**", *(f"**{totals[size][0]:,.1f} s**" for size in sizes)],
                    ["all, by the clock", *(f"{totals[size][1]:,.1f} s" for size in sizes)],
                    ["peak memory", *(f"{peaks[size] / 1000:,.1f} GB" for size in sizes)],
                ],
            ),
            "",
            *_growth(steps["duplicates"], sizes),
            f"`{found['command']}` on {found['device']}; [figures](../benchmarks/results/scale_rows.json).",
            "",
            f"### {PHOTOGRAPHS / 1e6:.0f} million photographs",
            "",
            *_plan(found, steps, peaks[sizes[-1]], sizes[-1]),
        ]
    )


def _growth(duplicates: dict[int, dict[str, Any]], sizes: list[int]) -> list[str]:
    """Return lines on how the time for duplicates grows with the number of rows."""
    parts = []
    for small, large in pairwise(sizes):
        ratio = duplicates[large]["cpu_seconds"] / duplicates[small]["cpu_seconds"]
        power = math.log(ratio) / math.log(large / small)
        parts.append(f"{ratio:.0f} times from {small:,} to {large:,} rows (power {power:.2f})")
    return [
        f"Processor time of one core. That for duplicates grows {' and '.join(parts)}; comparing all pairs has the "
        "power 2."
    ]


def _plan(found: dict[str, Any], steps: Steps, peak: int, rows: int) -> list[str]:
    """Return the table of rates, core hours and hours."""
    crop, predict = measured("crop"), measured("predict_fgnet")
    if crop is None or predict is None:
        return ["Not measured yet."]
    rates = {
        "`crop_faces`": crop["images_per_second"]["stage"]["median"] / _cores(crop),
        "signatures in `deduplicate`": found["described_per_second"],
        "`agelens predict`, whole": sorted(predict["photographs_per_second"])[1] / _cores(predict),
    }
    hours = {name: PHOTOGRAPHS / rate / 3600 for name, rate in rates.items()}
    lines = [
        [name, f"{rates[name]:,.0f}", f"{each:,.1f}", f"{each / CORES:,.1f}", f"{each * PRICE:,.2f} USD"]
        for name, each in hours.items()
    ]
    more = PHOTOGRAPHS / rows
    # The share of pairs in near buckets is the same for any number of rows, so that it is quadratic in the end.
    pairs = steps["duplicates"][rows]["cpu_seconds"] * more**2 / 3600
    tables = sum(each[rows]["cpu_seconds"] for name, each in steps.items() if name != "duplicates") * more / 3600
    for name, each in (("pairs in `deduplicate`, at most", pairs), ("tables of all other steps", tables)):
        lines.append([name, "-", f"{each:,.1f}", f"{each:,.1f} (one core)", f"{each * PRICE:,.2f} USD"])
    return [
        *table_of(["work", "a second and core", "core hours", f"hours on {CORES} cores", "cost"], lines),
        "",
        f"Rates are measured ([crops](../benchmarks/results/crop.json) on {crop['device']}, "
        f"[prediction](../benchmarks/results/predict_fgnet.json) on {predict['device']}); hours are computed from "
        f"them as if {CORES} cores had {CORES // 2} times the rate of two. Pairs are extrapolated from {rows:,} rows "
        f"as if they were quadratic, tables and memory as linear: {peak * more / 1000:,.0f} GB at most. "
        f"The cost is that of {PRICE} USD for a core hour, an assumption.",
    ]


def _cores(found: dict[str, Any]) -> int:
    return int(found["device"].split()[0])
