"""The page of a model on the hub, README.md: metadata of Hugging Face, figures, labels, limits and licence."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agelens.models.hub.address import HubAddress
from agelens.models.serving.model_card import ModelCard

LICENCES = {"AGPL-3.0-or-later": "agpl-3.0", "Apache-2.0": "apache-2.0", "MIT": "mit", "CC0-1.0": "cc0-1.0"}
"""Hugging Face's names of licences; others are `other`."""

TAGS = ("agelens", "age-estimation", "face", "openvino")

METRICS = {
    "mae": ("MAE, years", "mae", 2),
    "rmse": ("RMSE, years", "rmse", 2),
    "cs5": ("share within 5 years (CS@5)", "cs5", 3),
    "bias": ("bias, predicted minus true, years", "bias", 2),
    "group_accuracy": ("correct age group", "accuracy", 3),
    "group_accuracy_one_off": ("correct or adjacent age group", "accuracy_one_off", 3),
    "coverage": ("true age inside the prediction interval", "coverage", 3),
    "gender_accuracy": ("gender as labelled", "accuracy_gender", 3),
}
"""Titles on the page, types in the metadata and digits, by the names in model.json."""

ORIGINS = {
    "real": "real ages, from dates",
    "apparent": "apparent ages, as people estimated them",
    "unknown": "of unknown origin",
}


def model_page(card: ModelCard, *, address: HubAddress, has_licence: bool) -> str:
    """Return the page as Markdown, with its metadata as YAML in front.

    Args:
        card: Of the model.
        address: Where the model will be.
        has_licence: Whether the repository has a file LICENSE.
    """
    facts = card.facts
    labels = [
        (
            row["source"],
            ORIGINS.get(row["age_origin"], row["age_origin"]),
            f"{row['faces']:,}" if "faces" in row else "not stated",
            f"{row['exact_share']:.0%}" if "exact_share" in row else "not stated",
        )
        for row in facts.get("labels", [])
    ]
    parts = [
        f"---\n{_metadata(card, address, has_licence=has_licence)}\n---",
        f"# {card.name}",
        f"Ages of faces in photographs, with a {card.calibration.coverage:.0%} prediction interval and an age group. "
        f"Backbone: {facts.get('backbone', 'unknown')}. The model needs the face detector that agelens contains.",
        "## Use",
        f"```bash\npip install 'agelens[hub]'\nagelens predict photo.jpg --model {address}\n```",
        f'```python\nimport agelens\n\npredictor = agelens.AgePredictor.load("{address}")\n'
        'for face in predictor.predict("photo.jpg"):\n    print(face.age, face.interval)\n```',
        "agelens downloads the files that `model.json` names, compares their SHA-256, and runs no code from here.",
        "## Limits",
        _sentence(facts.get("intended_use", "not stated")),
        "## Figures",
        f"On the test split of its training data ({facts.get('test_metrics', {}).get('exact_rows', 0):,} faces with an "
        "exact age). Errors on other photographs are usually larger.",
        _table(("figure", "value"), _figures(facts.get("test_metrics", {}))),
        "## Training data and labels",
        f"{_sentence(facts.get('training_data', 'not stated'))}",
        _table(("source", "labels", "faces", "exact ages"), labels) if labels else "Labels of the sources: not stated.",
        "The model predicts what the labels are. Apparent ages are what people see, not dates of birth.",
        "## Licence",
        _sentence(facts.get("licence", "not stated")) + (" See the file LICENSE." if has_licence else ""),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _metadata(card: ModelCard, address: HubAddress, *, has_licence: bool) -> str:
    from huggingface_hub import EvalResult, ModelCardData  # noqa: PLC0415

    facts, licence = card.facts, str(card.facts.get("licence", "unknown"))
    known = LICENCES.get(licence)
    results = [
        EvalResult(
            task_type="image-classification",
            task_name="age estimation",
            dataset_type="test-split",
            dataset_name="test split of the training data",
            dataset_split="test",
            metric_type=kind,
            metric_name=title,
            metric_value=round(float(value), digits + 2),
        )
        for (title, kind, digits), value in _known(facts.get("test_metrics", {}))
    ]
    data = ModelCardData(
        license=known or "other",
        license_name=None if known else "research-only" if "research" in licence else "see-model-page",
        license_link="LICENSE" if has_licence and not known else None,
        library_name="agelens",
        pipeline_tag="image-classification",
        tags=[*TAGS, *([str(facts["backbone"])] if "backbone" in facts else [])],
        model_name=address.repository.partition("/")[2],
        eval_results=results or None,
    )
    return str(data.to_yaml()).rstrip()


def _known(metrics: Mapping[str, Any]) -> list[tuple[tuple[str, str, int], float]]:
    return [(METRICS[name], float(value)) for name, value in metrics.items() if name in METRICS and value is not None]


def _figures(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(title, f"{value:.{digits}f}") for (title, _, digits), value in _known(metrics)]


def _sentence(text: object) -> str:
    """Return a text with a capital and a full stop."""
    words = str(text).strip().rstrip(".")
    return f"{words[:1].upper()}{words[1:]}."


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
