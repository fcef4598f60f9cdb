"""Write the top of a page of the project as PNG, as headless Chromium draws it: the images of pages in docs/.

Usage: python benchmarks/images/page.py reports/eda/eda.html docs/exploration.png --height 900
Images in docs/ are of drawn faces only: run the demo first.
"""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

EXECUTABLES = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Draw the page and write the image."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path)
    parser.add_argument("image", type=Path)
    parser.add_argument("--width", type=int, default=1100)
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--at", default="", help="id of an element to begin at; default: the top")
    asked = parser.parse_args()
    executable = next(filter(None, map(shutil.which, EXECUTABLES)), None)
    if executable is None:
        parser.error(f"Chromium must be installed as one of {', '.join(EXECUTABLES)}")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": asked.width, "height": asked.height}, color_scheme="light")
        page.goto(asked.page.resolve().as_uri() + (f"#{asked.at}" if asked.at else ""))
        page.wait_for_function("!document.querySelector('figure.chart') || document.documentElement.dataset.charts")
        page.screenshot(path=asked.image)
        browser.close()
    print(f"{asked.image}: {asked.image.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
