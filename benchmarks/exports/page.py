"""The block of docs/exports.md, from the recorded result."""

from typing import Any

from pages import measured, table_of

SHOWN = {"age": "age", "age_low": "lower end", "age_high": "upper end"}


def exports_block() -> str:
    """Return size, differences and speed of every format of the bundled model."""
    if (found := measured("exports")) is None:
        return "Not measured yet."
    rows = [_row(name, content) for name, content in found["formats"].items()]
    heads = ["format", "MB", *SHOWN.values(), "other age group", "rise of the MAE", "views per second"]
    return "\n".join(
        [
            *table_of(heads, rows),
            "",
            f"Mean differences in years from {found['model']} on {found['crops']} faces of "
            f"{found['reader'].upper()}, which the model was not trained on; its MAE there is {found['mae']:.2f}. "
            f"`{found['command']}` on {found['device']}, which also did other work, so speeds compare only here. "
            "[Figures](../benchmarks/results/exports.json).",
        ]
    )


def _row(name: str, content: dict[str, Any]) -> list[str]:
    if "failed" in content:
        return [f"`{name}`", content["failed"], *[""] * 6]
    found = content["mean_differences"]
    return [
        f"`{name}`",
        f"{content['bytes'] / 1e6:.1f}",
        *(f"{found[key]:.4f}" for key in SHOWN),
        f"{found['age_group']:.1%}",
        f"{found['mae_loss']:+.3f}",
        f"{content['views_per_second']:.0f}",
    ]
