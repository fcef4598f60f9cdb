"""Runs the page: on this machine only, and without any request to another one."""

import os
from importlib.resources import files
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import gradio as gr

from agelens.models.serving.predictor import AgePredictor
from agelens.pipeline.web_page.app import MAX_FILE_SIZE, build_page

FONTS = ["system-ui", "sans-serif"]
"""Installed on every device; Gradio's own theme would ask a font server."""


def launch_page(
    predictor: AgePredictor, *, folder: Path, host: str, port: int, open_browser: bool, block: bool = True
) -> Any:
    """Serve the page until it is stopped, or return its `gradio.Blocks` at once.

    Args:
        predictor: The model.
        folder: Temporary folder for uploads and examples.
        host: Address to listen at.
        port: Port to listen at.
        open_browser: Whether to open the page in the browser.
        block: Whether to wait until the page is stopped.
    """
    page = build_page(predictor, folder=folder)
    page.launch(
        server_name=host,
        server_port=port,
        inbrowser=open_browser,
        share=False,
        max_file_size=MAX_FILE_SIZE,
        allowed_paths=[str(folder)],
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        quiet=not block,
        prevent_thread_lock=not block,
        theme=gr.themes.Soft(font=FONTS, font_mono=["monospace"]),
        css=files("agelens.pipeline.web_page").joinpath("page.css").read_text(encoding="utf-8"),
    )
    return page
