"""The page, built with Gradio."""

from pathlib import Path
from typing import Any

import gradio as gr

from agelens.data_prep.core.images import IMAGE_SUFFIXES, write_jpeg
from agelens.data_prep.synthetic.photo import make_detector_examples
from agelens.models.serving.predictor import AgePredictor
from agelens.pipeline.prediction.text import plain_markdown
from agelens.pipeline.web_page.predictions import show_predictions

KEEP_SECONDS = 300
"""After which photographs are deleted."""

CHECK_SECONDS = 60
"""Between two checks which photographs to delete."""

MAX_WAITING = 32
"""Visitors that wait for their ages; further ones are asked to come back."""

EXAMPLES = 3

LIMITS = (
    "The ages are estimates and often wrong by several years; the range in brackets is meant to contain the true age "
    "of {coverage:.0%} of faces. Do not use them for decisions about a person: not for access, age checks, hiring, "
    "policing or medicine."
)


def build_page(predictor: AgePredictor, *, folder: Path) -> Any:
    """Return the page as `gradio.Blocks`.

    Args:
        predictor: The model.
        folder: For the drawn examples.
    """
    card = predictor.card

    def predict(files: list[str] | None, taken: str | None, gender: bool) -> str:
        paths = [Path(path) for path in [*(files or []), *([taken] if taken else [])]]
        if not paths:
            message = "Choose a photograph first."
            raise gr.Error(message, print_exception=False)
        return show_predictions(predictor, paths, gender=gender).html

    examples = draw_examples(folder)
    gr.set_static_paths([*examples])  # served from where they are, so that everyone may read them there
    with gr.Blocks(title="agelens", analytics_enabled=False, delete_cache=(CHECK_SECONDS, KEEP_SECONDS)) as page:
        gr.Markdown(f"# agelens\n{LIMITS.format(coverage=card.calibration.coverage)}")
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                files = gr.File(
                    label="Photographs",
                    file_count="multiple",
                    file_types=sorted(IMAGE_SUFFIXES),
                    elem_id="photographs",
                )
                taken = gr.Image(
                    label="or one from the camera or the clipboard",
                    sources=["webcam", "clipboard"],
                    type="filepath",
                    format="png",
                    elem_id="camera",
                )
                gender = gr.Checkbox(
                    label="also gender, as annotators would label it", visible="gender" in card.attributes
                )
                button = gr.Button("Estimate ages", variant="primary", elem_id="estimate")
                gr.Examples([[[str(path)]] for path in examples], [files], label="Drawn examples")
            with gr.Column(scale=2, min_width=300):
                html = gr.HTML(elem_id="figures")
        gr.Markdown(
            f"Model: {plain_markdown(card.name)}, trained on "
            f"{plain_markdown(card.facts.get('training_data', 'unknown data'))}. Photographs do not "
            f"leave the machine that runs this page, which deletes them within {2 * KEEP_SECONDS // 60} minutes."
        )
        button.click(predict, [files, taken, gender], [html], concurrency_limit=2, api_visibility="private")
    page.queue(max_size=MAX_WAITING, api_open=False)
    return page


def draw_examples(folder: Path) -> list[Path]:
    """Draw photographs of invented people into a folder, and return their paths."""
    paths: list[Path] = []
    for image, boxes in make_detector_examples(40, seed=3):
        if boxes is not None and len(boxes) and len(paths) < EXAMPLES:
            paths.append(folder / f"drawn_{len(paths) + 1}.jpg")
            write_jpeg(paths[-1], image)
    return paths
