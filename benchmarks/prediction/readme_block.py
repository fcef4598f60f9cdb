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
        "`agelens predict` with face detection, whole commands on 2 cores:",
        "",
        "| | photographs per second | one by one | peak memory |",
        "|---|---|---|---|",
        *rows,
        "",
        f"One photograph takes {cold:.2f} seconds, start included ([figures](benchmarks/results/predict_fgnet.json)).",
        *_installation(),
        *_video(),
    ]


def _installation() -> list[str]:
    """Return size and cold start of the base installation beside those of the version that it was compared with."""
    found = measured("install")
    if found is None:
        return []
    after, before = found["after"], found["before"]
    size, old_size = (one["installation"]["megabytes"] for one in (after, before))
    start, old_start = (one["cold_start"]["median_seconds"] for one in (after, before))
    rate, old_rate = (max(one["photographs_per_second"]) for one in (after, before))
    four = dict(list(after["installation"]["largest"].items())[:4])
    return [
        "",
        f"The base installation takes {size} MB ({old_size} before), of which {', '.join(four)} take "
        f"{sum(four.values()):.0f}. In turn with the version before: one "
        f"photograph from a cold start {start:.2f} seconds (before {old_start:.2f}), FG-NET {rate:.0f} photographs per "
        f"second (before {old_rate:.0f}), the largest difference of an age {found['largest_age_difference']} years "
        "([figures](benchmarks/results/install.json)).",
    ]


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
