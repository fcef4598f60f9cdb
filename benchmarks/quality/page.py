"""The block of docs/quality.md, from recorded results."""

from typing import Any

from pages import measured

TITLES = {
    "none": "no warning",
    "any": "any of the warnings below",
    "small_face": "`small_face`",
    "blurred": "`blurred`",
    "cut_off": "`cut_off`",
    "uncertain_points": "`uncertain_points`",
    "tilted": "`tilted`",
    "turned_head": "`turned_head`",
    "not_aligned": "`not_aligned`",
    "uncertain_face": "`uncertain_face`",
}

SHOWN = ("WIDER FACE", "groups with faces of 40 px", "groups with faces of 60 px", "groups with faces of 100 px",
         "groups with faces of 160 px", "without a face", "one large face")  # fmt: skip


def quality_block() -> str:
    """Return the errors of faces with warnings, the faces that are missed, and what tiles find."""
    parts = [_warnings(), _missed(), _tiles()]
    return "\n".join(line for part in parts for line in part) or "Not measured yet."


def _warnings() -> list[str]:
    if (found := measured("quality_warnings")) is None:
        return []
    sources = found["warnings"]
    rows = [
        f"| {title} | " + " | ".join(_error(figures.get(name)) for figures in sources.values()) + " |"
        for name, title in TITLES.items()
        if any(name in figures for figures in sources.values())
    ]
    return [
        "### Photographs as they are",
        "",
        "Mean error in years with its standard error, and the number of faces, which the model did not learn from "
        f"({found['model']}). For FairFace, whose labels are intervals, the error is the distance to the interval.",
        "",
        "| | " + " | ".join(sources) + " |",
        "|---|" + "---|" * len(sources),
        *rows,
        "",
        "### Photographs that were made worse",
        "",
        "The same good portraits, changed by known steps: error, faces found, and how many get a warning.",
        "",
        "| change | error, years | inside the interval | found | warnings |",
        "|---|---|---|---|---|",
        *(_changed(name, figures) for name, figures in found["changed"].items()),
        "",
        f"`python -m benchmarks.quality.face_warnings`, {found['seconds'] / 60:.0f} minutes on {found['device']}; "
        "[figures](../benchmarks/results/quality_warnings.json).",
        "",
    ]


def _error(figures: dict[str, Any] | None) -> str:
    if figures is None:
        return ""
    spread = "" if figures["standard_error"] is None else f" ± {figures['standard_error']:.2f}"
    return f"{figures['error']:.2f}{spread} ({figures['faces']:,})"


def _changed(name: str, figures: dict[str, Any]) -> str:
    warned = [f"{code} {share:.0%}" for code, share in figures["warned"].items() if share >= 0.05]
    columns = (f"{figures['error']:.2f}", f"{figures['inside']:.0%}", f"{figures['found']:.1%}", ", ".join(warned))
    return f"| {name} | {' | '.join(columns)} |"


def _missed() -> list[str]:
    if (found := measured("missed_faces")) is None:
        return []
    kinds = list(next(iter(found["found"].values())))
    rows = []
    for name, figures in found["found"].items():
        shares = (
            f"{one['share_without_a_face']:.2%}" if name != "regions without a face"
            else f"a box in {1 - one['share_without_a_face']:.2%}" for one in figures.values()
        )  # fmt: skip
        rows.append(f"| {name}, {figures[kinds[0]]['images']:,} | {' | '.join(shares)} |")
    return [
        "### Photographs without a face",
        "",
        "Share of the photographs of one person in which no face is found.",
        "",
        "| | " + " | ".join(kinds) + " |",
        "|---|" + "---|" * len(kinds),
        *rows,
        "",
        "`python -m benchmarks.quality.missed_faces`; [figures](../benchmarks/results/missed_faces.json).",
        "",
    ]


def _tiles() -> list[str]:
    if (found := measured("tiles")) is None:
        return []
    modes = ("never", "auto", "always")
    rows = []
    for name in SHOWN:
        columns = [_mode(found["tiles"][mode][name]) for mode in modes]
        rows.append(f"| {name}, {found['tiles']['auto'][name]['images']} images | {' | '.join(columns)} |")
    return [
        "### Tiles",
        "",
        "Share of the faces of at least 16 pixels that are found, false boxes in all images, and milliseconds for an "
        "image that is already decoded. All images but those of WIDER FACE have about 12 megapixels.",
        "",
        "| | `never` | `auto` | `always` |",
        "|---|---|---|---|",
        *rows,
        "",
        f"`python -m benchmarks.quality.tiles`, on {found['device']}; [figures](../benchmarks/results/tiles.json). "
        "WIDER FACE does not label its tiniest faces, which count as false boxes.",
    ]


def _mode(figures: dict[str, Any]) -> str:
    recall = f"**{figures['recall_from_16_px']:.1%}**, " if figures["faces"] else ""
    return f"{recall}{figures['false_boxes']} false, {1000 * figures['seconds']:.0f} ms"
