"""The block of the README about the speed of prediction, from recorded results."""

from typing import Any

from pages import measured


def prediction_block() -> list[str]:
    """Return the speed of `agelens predict` and `agelens video`, as far as it was measured."""
    rows = [_row(title, found) for title, found in _measured().items()]
    if not rows:
        return []
    cold = max(found["cold_start_seconds"] for found in _measured().values())
    return [
        "",
        "`agelens predict` with face detection and OpenCV, whole commands on 2 cores:",
        "",
        "| | photographs per second | one by one | peak memory |",
        "|---|---|---|---|",
        *rows,
        "",
        f"One photograph takes {cold:.2f} seconds, start included ([figures](benchmarks/results/predict_fgnet.json)).",
        *_installation(),
        *_video(),
    ]


FOLDERS = {"fgnet": "FG-NET", "utkface": "UTKFace"}

INSTALLATIONS = {
    "`pip install .`": "after",
    "`pip install '.[opencv]'`": "with_opencv",
    "the version before, with OpenCV": "before",
}


def _installation() -> list[str]:
    """Return size, cold start and speed of each installation that was measured."""
    found = measured("install")
    if found is None:
        return []
    of_folders = found["after"]["folders"]
    largest = dict(list(found["after"]["installation"]["largest"].items())[:4])
    return [
        "",
        "`agelens predict` by installation, in turn, slowest of three rounds; a cold start predicts one photograph:",
        "",
        f"| installation | MB | cold start | {' | '.join(f'{FOLDERS[name]} per second' for name in of_folders)} |",
        f"|---|---|---|{'---|' * len(of_folders)}",
        *(_installation_row(title, found[name]) for title, name in INSTALLATIONS.items() if name in found),
        "",
        f"{', '.join(largest)} take {sum(largest.values()):.0f} MB of the first.{_differences(found)} "
        "[Figures](benchmarks/results/install.json).",
    ]


def _installation_row(title: str, one: dict[str, Any]) -> str:
    rates = (f"{min(folder['photographs_per_second']):.0f}" for folder in one["folders"].values())
    size, start = one["installation"]["megabytes"], one["cold_start"]["median_seconds"]
    return f"| {title} | {size} | {start:.2f} s | {' | '.join(rates)} |"


def _differences(found: dict[str, Any]) -> str:
    gaps = [
        (FOLDERS[name], folder["largest_age_difference"])
        for name, folder in found.get("with_opencv", {"folders": {}})["folders"].items()
    ]
    words = " and ".join(f"{gap:.1f} years on {title}" for title, gap in gaps if gap is not None)
    return f" With OpenCV, ages differ by at most {words}." if words else ""


def _measured() -> dict[str, dict[str, Any]]:
    names = {
        "UTKFace, chips of 200 x 200 pixels": measured("predict_utkface"),
        "FG-NET, photographs": measured("predict_fgnet"),
    }
    return {title: found for title, found in names.items() if found is not None}


def _row(title: str, found: dict[str, Any]) -> str:
    batched, single = (min(found[f"photographs_per_second{name}"]) for name in ("", "_one_by_one"))
    return f"| {title} | **{batched:.0f}** | {single:.0f} | {found['peak_memory_mb']} MB |"


def _video() -> list[str]:
    found = measured("video")
    if found is None:
        return []
    largest = max(found["clips"], key=lambda clip: clip["size"][0])
    tracks = [track for clip in found["clips"] for track in clip["tracks"]]
    halved = sum(track["pooled_sd"] <= track["single_sd"] / 2 for track in tracks)
    return [
        "",
        f"`agelens video` follows the people of a clip of {largest['size'][1]} x {largest['size'][0]} pixels at "
        f"{largest['frames_per_second']:.0f} frames per second. The age that is shown for a person varies at most half "
        f"as much as that of single frames in {halved} of {len(tracks)} tracks "
        "([figures](benchmarks/results/video.json)).",
    ]
