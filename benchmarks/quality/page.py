"""The block of docs/quality.md, from recorded results."""

from typing import Any

from pages import measured, table_of

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

SHOWN = (
    "WIDER FACE",
    *(f"groups with faces of {side} px" for side in (40, 60, 100, 160)),
    *("without a face", "one large face"),
)


def quality_block() -> str:
    """Return the errors of faces with warnings, the faces that are missed, and what tiles find."""
    parts = [_warnings(), _missed(), _tiles()]
    return "\n".join(line for part in parts for line in part) or "Not measured yet."


def _warnings() -> list[str]:
    if (found := measured("quality_warnings")) is None:
        return []
    sources = found["warnings"]
    rows = [
        [title, *(_error(figures.get(name)) for figures in sources.values())]
        for name, title in TITLES.items()
        if any(name in figures for figures in sources.values())
    ]
    return [
        "### Photographs as they are",
        "",
        "Mean error in years with its standard error, and the number of faces, which the model did not learn from "
        f"({found['model']}). For FairFace, whose labels are intervals, the error is the distance to the interval.",
        "",
        *table_of(["", *sources], rows),
        "",
        "### Photographs that were made worse",
        "",
        "The same good portraits, changed by known steps: error, faces found, and how many get a warning.",
        "",
        *table_of(
            ["change", "error, years", "inside the interval", "found", "warnings"],
            [[name, *_changed(figures)] for name, figures in found["changed"].items()],
        ),
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


def _changed(figures: dict[str, Any]) -> list[str]:
    warned = [f"{code} {share:.0%}" for code, share in figures["warned"].items() if share >= 0.05]
    return [f"{figures['error']:.2f}", f"{figures['inside']:.0%}", f"{figures['found']:.1%}", ", ".join(warned)]


def _missed() -> list[str]:
    if (found := measured("missed_faces")) is None:
        return []
    kinds = list(next(iter(found["found"].values())))
    rows = [
        [f"{name}, {figures[kinds[0]]['images']:,}", *(_share(name, one) for one in figures.values())]
        for name, figures in found["found"].items()
    ]
    return [
        "### Photographs without a face",
        "",
        "Share of the photographs of one person in which no face is found.",
        "",
        *table_of(["", *kinds], rows),
        "",
        "`python -m benchmarks.quality.missed_faces`; [figures](../benchmarks/results/missed_faces.json).",
        "",
    ]


def _share(name: str, figures: dict[str, Any]) -> str:
    missed = figures["share_without_a_face"]
    return f"a box in {1 - missed:.2%}" if name == "regions without a face" else f"{missed:.2%}"


def _tiles() -> list[str]:
    if (found := measured("tiles")) is None:
        return []
    modes = ("never", "auto", "always")
    rows = [
        [
            f"{name}, {found['tiles']['auto'][name]['images']} images",
            *(_mode(found["tiles"][mode][name]) for mode in modes),
        ]
        for name in SHOWN
    ]
    return [
        "### Tiles",
        "",
        "Share of the faces of at least 16 pixels that are found, false boxes in all images, and milliseconds for an "
        "image that is already decoded. All images but those of WIDER FACE have about 12 megapixels.",
        "",
        *table_of(["", *(f"`{mode}`" for mode in modes)], rows),
        "",
        f"`python -m benchmarks.quality.tiles`, on {found['device']}; [figures](../benchmarks/results/tiles.json). "
        "WIDER FACE does not label its tiniest faces, which count as false boxes.",
    ]


def _mode(figures: dict[str, Any]) -> str:
    recall = f"**{figures['recall_from_16_px']:.1%}**, " if figures["faces"] else ""
    return f"{recall}{figures['false_boxes']} false, {1000 * figures['seconds']:.0f} ms"
