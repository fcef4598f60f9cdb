"""Runs the page: on this machine only, and without any request to another one."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")  # a table of all earlier events would be made after each
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000000")

import anyio
import gradio as gr
from starlette.middleware import Middleware

from agelens.models.serving.predictor import AgePredictor
from agelens.pipeline.web_page.app import CHECK_SECONDS, KEEP_SECONDS, build_page
from agelens.pipeline.web_page.sessions import MAX_SESSIONS, forget_sessions
from agelens.pipeline.web_page.stored_files import delete_old
from agelens.pipeline.web_page.uploads import MAX_FILE_BYTES
from agelens.pipeline.web_page.visitors import Visitors

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
    folder = folder.resolve()
    page = build_page(predictor, folder=folder)
    examples = frozenset(path for path in folder.rglob("*") if path.is_file())
    page.launch(
        server_name=host,
        server_port=port,
        inbrowser=open_browser,
        share=False,
        max_file_size=MAX_FILE_BYTES,
        app_kwargs={
            "middleware": [Middleware(Visitors, folder=folder, public=examples)],
            "lifespan": _deleting(folder, examples),
        },
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        state_session_capacity=MAX_SESSIONS,
        quiet=not block,
        prevent_thread_lock=not block,
        theme=gr.themes.Soft(font=FONTS, font_mono=["monospace"]),
        css=files("agelens.pipeline.web_page").joinpath("page.css").read_text(encoding="utf-8"),
    )
    return page


def _deleting(folder: Path, keep: frozenset[Path]) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """Return what forgets sessions and deletes files while the page runs."""

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        async def check() -> None:
            while True:
                await asyncio.sleep(CHECK_SECONDS)
                forget_sessions(app, seconds=KEEP_SECONDS)
                await anyio.to_thread.run_sync(lambda: delete_old(folder, seconds=KEEP_SECONDS, keep=keep))

        task = asyncio.create_task(check())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return lifespan
