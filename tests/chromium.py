"""A page in headless Chromium, without any network; tests that need it are skipped where it is absent."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

EXECUTABLES = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Opened:
    """An opened page, the requests that it made beside its file, and the messages of its console."""

    page: Any
    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Any]:
    """Start Chromium; skip the test if there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    executable = next(filter(None, map(shutil.which, EXECUTABLES)), None)
    if executable is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


def open_page(browser: Any, path: Path, *, width: int = 1440, dark: bool = False) -> Opened:
    """Open a page from its file, refuse every request, and wait until its charts are drawn."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", reduced_motion="reduce"
    )
    address = path.resolve().as_uri()
    opened = Opened(context.new_page())

    def answer(route: Any) -> None:
        if route.request.url == address:
            route.continue_()
        else:
            opened.requests.append(route.request.url)
            route.abort()

    context.route(lambda url: not url.startswith("data:"), answer)
    opened.page.on("console", lambda message: opened.messages.append(message.text))
    opened.page.on("pageerror", lambda error: opened.messages.append(str(error)))
    opened.page.goto(address)
    opened.page.wait_for_function("!document.querySelector('figure.chart') || document.documentElement.dataset.charts")
    return opened


def violations(opened: Opened) -> list[str]:
    """Return what axe-core finds against the rules of WCAG 2.1 A and AA and its best practices, with the elements."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(opened.page).response["violations"]
    return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]
