"""The blocks of results in docs/, as Markdown."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]


def measured(name: str) -> dict[str, Any] | None:
    """Return the recorded result of a benchmark, None where there is none."""
    path = ROOT / f"benchmarks/results/{name}.json"
    return json.loads(path.read_text()) if path.is_file() else None


def table_of(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    head, *others = (f"| {' | '.join(cells)} |" for cells in (heads, *rows))
    return [head, "|" + "---|" * len(heads), *others]


def recorded_slices(run: str, name: str) -> dict[str, dict[str, Any]]:
    """Return the metrics of a slice of a recorded run by its values; None where a metric applies to no row."""
    slices = pd.read_csv(ROOT / f"results/{run}/slices.csv", keep_default_na=False, na_values=[""])
    rows = slices[slices["slice"] == name].astype(object)
    return {row["value"]: row for row in rows.where(rows.notna(), None).to_dict("records")}


def leakage_block() -> str:
    """Return the block of docs/leakage.md."""
    if (found := measured("leakage")) is None:
        return "Not measured yet."
    orders = found["orders"]
    rows = [_order("ours: split first, balance only train", orders["ours"])]
    for name, rule in found["rules"].items():
        pool = f"{rule['copies']} copies of faces of ages with fewer than {rule['below']}"
        rows += [
            _order(f"{pool}, then **single images** at random", orders[name]),
            _order("the same images, all copies of an image **together**", orders[f"{name}_together"]),
        ]
    leaky, clean = orders["balanced"]["test"]["mae"], orders["balanced_together"]["test"]["mae"]
    cost = {"head": f"a head on frozen features of {found['backbone']}", "network": f"the whole {found['backbone']}"}
    return "\n".join(
        [
            "| order of steps | test images with a copy in train | MAE on its own test | MAE on new people |",
            "|---|---|---|---|",
            *rows,
            "",
            f"With the stronger rule, leakage by itself lowers the measured MAE from {clean:.2f} to {leaky:.2f} years. "
            f"Model: {cost[found['scope']]}, at most {found['epochs']} epochs, on {found['source']}.",
            f"`{found['command']}`, {found['seconds'] / 60:.0f} minutes on {found['device']}; "
            "[figures](../benchmarks/results/leakage.json).",
            *_altered_copies(),
        ]
    )


def _altered_copies() -> list[str]:
    """Return the lines on copies that `deduplicate` finds."""
    if (found := measured("altered_copies")) is None:
        return []
    rows = [(name, f"{shares['crops']:.0%}", f"{shares['faces']:.0%}") for name, shares in found["found"].items()]
    own = found["own"]
    return [
        "",
        "### Copies that are found",
        "",
        f"Photographs of {len(found['photographs'])} sources ({sum(found['photographs'].values())} in all) were "
        "altered and compared with their originals, as `deduplicate` does:",
        "",
        *table_of(["alteration", "found by whole crops", "and by aligned faces (`deduplicate.compare_faces`)"], rows),
        "",
        f"Among the {own['faces']:,} faces of `params/faces.yaml`, faces join {own['photos_joined_by_faces']} photos "
        f"that crops leave apart. {own['of_these_in_two_splits']} of these have rows in two splits of the bundled "
        "model, which were made without comparing faces.",
        f"`{found['command']}`, {found['seconds'] / 60:.0f} minutes on {found['device']}; "
        "[figures](../benchmarks/results/altered_copies.json).",
    ]


def _order(name: str, found: dict[str, Any]) -> str:
    own, new = found["test"]["mae"], found.get("new", found["test"])["mae"]
    return f"| {name} | {found['leaked']:.1%} | {own:.2f} | {new:.2f} |"


def ablation_block() -> str:
    """Return the block of docs/training.md: the ablation."""
    if (found := measured("ablation")) is None:
        return "Not measured yet."
    variants = found["variants"]
    whole, again = (variants[name] for name in ("the whole recipe", "the whole recipe, another seed"))
    rows = [
        f"| {name} | {figures['mae']:.2f} | {figures['mae'] - whole['mae']:+.2f} | {figures['cs5']:.1%} "
        f"| {figures['group_accuracy']:.1%} |"
        for name, figures in variants.items()
    ]
    return "\n".join(
        [
            "| | test MAE, years | difference to the whole recipe | within 5 years | correct age group |",
            "|---|---|---|---|---|",
            *rows,
            "",
            f"Reduced cost: {found['backbone']} at {found['size']} px on {found['rows']['train']:,} faces of "
            f"{found['source']}, unfrozen from {found['unfreeze']}, {found['epochs']} epochs of phase 2, "
            f"{found['rows']['test']:,} test faces. "
            f"Another seed changes the MAE by {abs(again['mae'] - whole['mae']):.2f} years.",
            f"`{found['command']}`, {found['seconds'] / 60:.0f} minutes on {found['device']}; "
            "[figures](../benchmarks/results/ablation.json).",
        ]
    )


def memory_block() -> str:
    """Return the block of docs/search.md: the memory of a long search."""
    if (found := measured("tune_memory")) is None:
        return "Not measured yet."
    curve = {int(trial): mib for trial, mib in found["mib"].items()}
    shown = [trial for trial in curve if trial and trial % 10 == 0]
    return "\n".join(
        [
            "| trials | " + " | ".join(str(trial) for trial in shown) + " |",
            "|---" * (len(shown) + 1) + "|",
            "| MiB | " + " | ".join(f"{curve[trial]:,}" for trial in shown) + " |",
            "",
            f"Peak memory of all processes of a search by the number of started trials, on {found['rows']:,} faces: "
            f"{found['growth_mib_per_trial']:+.1f} MiB a trial. `{found['command']}`, {found['seconds'] / 60:.0f} "
            f"minutes on {found['device']}; [the whole curve](../benchmarks/results/tune_memory.json).",
        ]
    )


def exploration_block() -> str:
    """Return the block of docs/exploration.md: UTKFace's figures, the speed, and what `detail` finds."""
    if (found := measured("eda")) is None:
        return "Not measured yet."
    figures, sides = found["figures"]["utkface"], found["low_detail_by_side"]
    names = [f"{side} px" if side != "0" else "not reduced" for side in sides]
    return "\n".join(
        [
            f"UTKFace, {found['faces']:,} faces: the mean age is {figures['mean']:.1f} years, the median "
            f"{figures['median']:.0f}, the skewness {figures['skewness']:.2f}. {figures['largest_band_share']:.1%} of "
            f"them are {figures['largest_band']} years old, {figures['band_imbalance']:.0f} for each of the "
            f"rarest band of ten years. {figures['share_of_fives']:.1%} of the ages are divisible by five. "
            f"{figures['little_margin']:.1%} of the crops have less than half of the margin that is set, "
            f"{figures['low_detail']:.1%} low detail, and {figures['grey']:.1%} are grey.",
            "",
            f"The stage took {found['stage_seconds']:.0f} seconds, {found['stage_cpu_seconds']:.0f} of processor time, "
            f"with a peak memory of {found['peak_mb']} MB on {found['device']}.",
            "",
            "Share of its crops with low detail, after they were reduced to a side and enlarged again:",
            "",
            f"| {' | '.join(names)} |",
            f"|{'---|' * len(names)}",
            f"| {' | '.join(f'{share:.1%}' for share in sides.values())} |",
            "",
            f"`{found['command']}`; [figures](../benchmarks/results/eda.json).",
        ]
    )
