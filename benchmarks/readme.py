"""Write the blocks of results in README and docs from the recorded results; a test compares them."""

import json
from collections.abc import Callable
from typing import Any

from bundled import bundled_block
from exports.page import exports_block
from faults.page import faults_block
from load.page import load_block
from pages import (
    ROOT,
    ablation_block,
    exploration_block,
    leakage_block,
    measured,
    memory_block,
    recorded_slices,
    table_of,
)
from peers.page import peers_block, published_block
from prediction.readme_block import prediction_block
from quality.page import quality_block
from scale.page import scale_block

BEGIN = "<!-- results begin: written by `python benchmarks/readme.py` from results/; a test compares -->"
END = "<!-- results end -->"


def main() -> None:
    """Write every block."""
    for name, block in BLOCKS.items():
        path = ROOT / name
        path.write_text(with_results(path.read_text(), block()))


def with_results(document: str, block: str) -> str:
    """Return a document with its block of results replaced."""
    head, rest = document.split(BEGIN)
    _, tail = rest.split(END)
    return f"{head}{BEGIN}\n{block}\n{END}{tail}"


def results_block() -> str:
    """Return the results as Markdown."""
    run = json.loads((ROOT / "results/utkface/run.json").read_text())
    metrics = json.loads((ROOT / "results/utkface/overall.json").read_text())
    sources = recorded_slices("utkface", "source")
    utkface, adience = sources["utkface"], sources["adience"]
    lines = [
        *bundled_block(),
        "",
        "### The recipe params/utkface.yaml",
        "",
        f"`agelens use utkface && dvc repro` on {run['rows']['read']:,} photographs (UTKFace and part of Adience), "
        f"{run['minutes']:.0f} minutes on {run['device']}; on the test split. "
        "No training used this split. Recipes were compared on it, so expect slightly higher errors on new "
        "photographs.",
        "",
        "| | UTKFace | Adience (age intervals) |",
        "|---|---|---|",
        f"| test faces | {utkface['rows']:,} | {adience['rows']:,} |",
        f"| MAE, years | **{utkface['mae']:.2f}** | {adience['interval_mae']:.2f} outside the interval |",
        f"| within 5 years | {utkface['cs5']:.1%} | |",
        f"| RMSE, years | {utkface['rmse']:.2f} | |",
        f"| bias, years | {utkface['bias']:+.2f} | |",
        f"| correct age group, of 5 | {utkface['group_accuracy']:.1%} | {adience['group_accuracy']:.1%} |",
        f"| correct or adjacent age group | {utkface['group_accuracy_one_off']:.1%} "
        f"| {adience['group_accuracy_one_off']:.1%} |",
        *_gender(utkface, adience),
        f"| age inside the 90 % interval | {utkface['coverage']:.1%} | |",
        f"| median width of the interval, years | {utkface['width_median']:.1f} | |",
        "",
        f"Predicting the median age of the training split for every face gives MAE "
        f"{metrics['median_baseline_mae']:.2f}. By age:",
        "",
        *_bands(run["bands"]),
        *_worst_band(metrics),
        "",
        "[metrics](results/utkface/overall.json), [all slices with 95 % intervals](results/utkface/slices.csv),",
        "[history](results/utkface/history.csv), [plots](results/utkface/).",
        *_protocols(),
        *prediction_block(),
        *_detector(),
        *_crop(),
        *_search(),
        *_training(),
        *peers_block(),
    ]
    return "\n".join(lines)


def _gender(utkface: dict[str, Any], adience: dict[str, Any]) -> list[str]:
    """Return the row of gender, if the model of the run predicts it."""
    if utkface.get("gender_accuracy") is None:
        return []
    return [f"| gender as annotated | {utkface['gender_accuracy']:.1%} | {adience['gender_accuracy']:.1%} |"]


def _worst_band(metrics: dict[str, Any]) -> list[str]:
    """Return the worst age band and the effect of calibration, if the run measured them."""
    if metrics.get("worst_band") is None:
        return []
    return [
        "",
        f"Worst age band with at least 50 faces: {metrics['worst_band']}, MAE "
        f"{metrics['worst_band_mae']:.1f}. Before calibration the MAE is {metrics['raw_mae']:.2f}.",
    ]


def _protocols() -> list[str]:
    """Return a line for each recorded cross-validation."""
    lines = []
    for path in sorted((ROOT / "results/protocol").glob("*.json")):
        found = json.loads(path.read_text())
        mae, cs5 = found["figures"]["mae"], found["figures"]["cs5"]
        lines += [
            "",
            f"Cross-validation on {found['source']}, {found['protocol']} ({found['label']}): MAE {mae['mean']:.2f} ± "
            f"{mae['sd']:.2f} years, within 5 years {cs5['mean']:.1%} ± {cs5['sd']:.1%} "
            f"([folds](results/protocol/{path.name})).",
        ]
    return lines


def _bands(bands: list[dict[str, Any]]) -> list[str]:
    return table_of(
        ["true age", *(band["value"] for band in bands)],
        [
            ["faces", *(str(band["exact_rows"]) for band in bands)],
            ["MAE", *(f"{band['mae']:.1f}" for band in bands)],
            ["bias", *(f"{band['bias']:+.1f}" for band in bands)],
        ],
    )


def _detector() -> list[str]:
    found = json.loads((ROOT / "benchmarks/results/detector.json").read_text())
    precision, wrong, portraits = found["average_precision"], found["false_boxes"], found["found"]
    return [
        "",
        f"The face detector (YOLOv8n; {precision['images']} validation photographs of WIDER FACE at 512 px): AP50 "
        f"{precision['large']['ap50']:.2f} for faces of 32 pixels and more, {precision['all']['ap50']:.2f} for all; "
        f"{wrong['per_100_regions']:.1f} false boxes per 100 regions without a face; a box in "
        + " and ".join(f"{share['share']:.1%} of {name}" for name, share in portraits.items())
        + " ([figures](benchmarks/results/detector.json)).",
    ]


def _crop() -> list[str]:
    if (found := measured("crop")) is None:
        return []
    count = sum(found["images"].values())
    sides = ", ".join(found["squares"])
    precision = found["settings"]["precision"]
    stage = f"our stage: images of {sides} px in {precision}"
    labels = {"seed": "the seed project's loop, 640 px", "stage": stage, "floor": "the detector by itself"}
    rates = found["images_per_second"]
    return [
        "",
        f"Cropping {count:,} photographs on {found['device']}, median of {found['rounds']} rounds:",
        "",
        "| | photographs per second | spread |",
        "|---|---|---|",
        *(f"| {label} | {rates[part]['median']:.1f} | {rates[part]['spread']:.0%} |" for part, label in labels.items()),
        "",
        f"That is {found['speedup']:.1f} times the speed of the seed project's loop and {found['share_of_floor']:.0%} "
        f"of that of the detector by itself, with a peak memory of {found['peak_mb']:,} MB "
        "([figures](benchmarks/results/crop.json)).",
    ]


def _search() -> list[str]:
    """Return the cost and gain of the default search, if they were measured."""
    if (found := measured("tune")) is None:
        return []
    best, seconds = found["best"], found["seconds"]
    minutes = (seconds["features"] + seconds["search"]) / 60
    lines = [
        "",
        f"The default search, {found['trials']} trials with {found['epochs']} epochs on {found['rows']:,} faces, takes "
        f"{minutes:.1f} minutes, including feature extraction, and {found['peak_memory_gib']:.1f} GiB; retraining the "
        f"best five with three seeds takes {seconds['retraining'] / 60:.1f} more. Validation MAE of the best head on "
        f"frozen features: {best['val_age_mae']:.2f} ± {best['sd']:.2f} years; of the untuned head: "
        f"{best['untuned_val_age_mae']:.2f} ± {best['untuned_sd']:.2f} ([figures](benchmarks/results/tune.json)).",
    ]
    if "ratio" in found:
        lines[-1] += (
            f" Running the whole network on every image, as the seed project does, takes {found['ratio']:.0f} times as "
            "long."
        )
    return lines


def _training() -> list[str]:
    """Return the time that caches save, if it was measured."""
    if (found := measured("train")) is None:
        return []
    lines = [
        "",
        f"Time saved by caches (EfficientNetB0, {found['size']} px, batch {found['batch']}; the seed project runs the "
        "whole network on every image in every epoch):",
        "",
        "| | seed project, images per second | caching, once per view | cached, each epoch "
        "| speed-up, epoch | speed-up, phase |",
        "|---|---|---|---|---|---|",
    ]
    for name, label in (("phase1", "head on features"), ("phase2", "top on the cached trunk")):
        phase = found[name]
        rates = " | ".join(f"{phase['images_per_second'][part]:,.0f}" for part in ("seed", "once", "ours"))
        lines.append(f"| {label} | {rates} | {phase['epoch_ratio']:.1f} x | {phase['whole_ratio']:.1f} x |")
    if (waits := measured("input")) is not None:
        lines += [
            "",
            f"The input pipeline delivers images {waits['ratio']:.1f} times as fast as the network trains on them.",
        ]
    return lines


BLOCKS: dict[str, Callable[[], str]] = {
    "README.md": results_block,
    "docs/comparison.md": published_block,
    "docs/exploration.md": exploration_block,
    "docs/exports.md": exports_block,
    "docs/faults.md": faults_block,
    "docs/leakage.md": leakage_block,
    "docs/quality.md": quality_block,
    "docs/serving.md": load_block,
    "docs/scale.md": scale_block,
    "docs/search.md": memory_block,
    "docs/training.md": ablation_block,
}
"""The documents with a block of results, and the functions that return it."""


if __name__ == "__main__":
    main()
