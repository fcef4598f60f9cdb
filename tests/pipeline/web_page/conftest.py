"""The page, served on a free port."""

import asyncio

import pytest

from agelens import AgePredictor
from tests.free_port import free_port


@pytest.fixture(scope="package")
def page(tmp_path_factory):
    pytest.importorskip("gradio", reason="the extra app is not installed")
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        from agelens.pipeline.web_page.launch import launch_page  # noqa: PLC0415  Gradio reads the environment

        async def launch():  # outside of a running loop, Gradio makes loops that it never closes
            return launch_page(
                AgePredictor.load(),
                folder=folder,
                host="127.0.0.1",
                port=free_port(),
                open_browser=False,
                block=False,
            )

        page = asyncio.run(launch())
        yield page
        page.close()


@pytest.fixture(scope="package")
def address(page):
    return page.local_url
