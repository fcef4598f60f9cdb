"""Write the images of README.md: the pipeline, crops of drawn faces, the top of the report, and W&B in a terminal.

Usage: python -m benchmarks.images.readme [--project .] [--only crops.jpg]
Run the demo first: the images show drawn faces only. Chromium draws them; tmux is needed for the terminal.
"""

import argparse
import io
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from PIL import Image
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

from agelens.data_prep.core.images import encode_jpeg, read_rgb
from agelens.pipeline.contact_sheets.sheet import draw_contact_sheet
from benchmarks.images.pipeline import draw_pipeline

EXECUTABLES = ("chromium", "chromium-browser", "google-chrome")
ROOT = Path(__file__).resolve().parents[2]
MAX_BYTES = 300_000
CROPS = 16
COLUMNS, ROWS = 132, 27
SESSION = "agelens-image"

STYLE = "body { margin: 0; background: #fff; width: max-content; font-family: sans-serif } svg { display: block }"


def main() -> None:
    """Write the images."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, default=ROOT, help="a folder in which the demo was run")
    parser.add_argument("--only", choices=IMAGES, help="write only this image")
    asked = parser.parse_args()
    sources = yaml.safe_load((asked.project / "params.yaml").read_text(encoding="utf-8"))["sources"]
    if set(sources) != {"synthetic"}:
        parser.error(f"the images must show drawn faces only, not {', '.join(sources)}; run the demo first")
    for name in [asked.only] if asked.only else IMAGES:
        target, content = ROOT / f"docs/{name}", IMAGES[name](asked.project)
        content = smaller(content) if target.suffix == ".png" else content
        if len(content) > MAX_BYTES:
            parser.error(f"{target} must have at most {MAX_BYTES:,} bytes, not {len(content):,}")
        target.write_bytes(content)
        print(f"{target.relative_to(ROOT)}: {len(content) / 1000:.0f} kB")


def pipeline(project: Path) -> bytes:
    """Return the stages of dvc.yaml, and which of them read what others write."""
    del project
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    return screenshot(draw_pipeline(stages))


def crops(project: Path) -> bytes:
    """Return crops of the test split with their true and predicted ages."""
    test = pd.read_csv(project / "data/splits/test.csv", usecols=["image_id", "crop"])
    predictions = pd.read_csv(project / "reports/evaluate/predictions.csv")
    rows = predictions.merge(test, on="image_id").sort_values(["true_age", "image_id"])
    rows = rows.iloc[:: max(1, len(rows) // CROPS)].head(CROPS)
    images = [read_rgb(project / "data/crops" / name) for name in rows["crop"]]
    captions = [
        f"true {row.true_age:.0f}\npredicted {row.age:.0f} ({row.age_low:.0f}-{row.age_high:.0f})"
        for row in rows.itertuples()
    ]
    return encode_jpeg(draw_contact_sheet(images, captions))


def report(project: Path) -> bytes:
    """Return the top of the report."""
    path = (project / "reports/report/report.html").resolve()
    ready = "!document.querySelector('figure.chart') || document.documentElement.dataset.charts"
    return in_chromium(lambda page: (page.goto(path.as_uri()), page.wait_for_function(ready)), height=1200)


def terminal(project: Path) -> bytes:
    """Return the newest training in W&B's viewer in the terminal, without the panels that name the machine."""
    runs = sorted((project / "wandb").glob("*run-*"), key=lambda run: run.stat().st_mtime)
    trained = [run for run in runs if shows_epochs(run)]
    settings = tempfile.mkdtemp()  # without the settings of the viewer that somebody has chosen
    command = f"TERM=xterm-256color WANDB_CONFIG_DIR={settings} wandb leet {trained[-1].resolve()}"
    size = ["-x", str(COLUMNS), "-y", str(ROWS)]
    tmux("new-session", "-d", "-s", SESSION, *size, command)
    try:
        wait_for("Environment")
        for key, panel in {"[": "Environment", "]": "System Metrics"}.items():
            tmux("send-keys", "-t", SESSION, key)
            wait_for("val_loss", absent=panel)
        seen = tmux("capture-pane", "-e", "-p", "-t", SESSION)
    finally:
        tmux("kill-session", "-t", SESSION)
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), color_system="truecolor", force_terminal=True)
    console.print(Text.from_ansi(seen.rstrip()))
    drawn = console.export_svg(title="wandb leet", clear=False)
    drawn = re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL)  # from a server; any other font will do
    return screenshot(f'<div style="width: 1200px">{drawn}</div>')


def wait_for(text: str, *, absent: str = "\0") -> None:
    """Wait until the terminal shows one text and not another one, and no longer changes."""
    before = ""
    for _ in range(40):
        time.sleep(0.5)
        seen = tmux("capture-pane", "-p", "-t", SESSION)
        if text in seen and absent not in seen and seen == before:
            return
        before = seen
    message = f"W&B's viewer must show {text} within 20 seconds"
    raise SystemExit(message)


def tmux(*words: str) -> str:
    """Run tmux and return its output."""
    return subprocess.run(["tmux", *words], capture_output=True, text=True, check=True).stdout


def shows_epochs(run: Path) -> bool:
    """Return whether a run is of a training: its file names the metric of epochs."""
    return any(b"val_age_mae" in file.read_bytes() for file in run.glob("*.wandb"))


def screenshot(body: str) -> bytes:
    """Return HTML as PNG, as large as its content."""
    page = f'<!DOCTYPE html><meta charset="utf-8"><style>{STYLE}</style><body>{body}</body>'
    return in_chromium(lambda opened: opened.set_content(page), whole=True)


def in_chromium(show: Callable[[Any], object], *, height: int = 800, whole: bool = False) -> bytes:
    """Return what Chromium draws, as PNG: the whole body, or a window 1100 pixels wide."""
    executable = next(filter(None, map(shutil.which, EXECUTABLES)), None)
    if executable is None:
        message = f"Chromium must be installed as one of {', '.join(EXECUTABLES)}"
        raise SystemExit(message)
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": height}, color_scheme="light")
        show(page)
        content: bytes = page.locator("body").screenshot() if whole else page.screenshot()
        browser.close()
    return content


def smaller(content: bytes) -> bytes:
    """Return a PNG with a palette, which is a third as large; flat colours stay as they are."""
    buffer = io.BytesIO()
    image = Image.open(io.BytesIO(content)).convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


IMAGES: dict[str, Callable[[Path], bytes]] = {
    "pipeline.png": pipeline,
    "crops.jpg": crops,
    "report.png": report,
    "terminal.png": terminal,
}
"""The files in docs/, and what draws each."""


if __name__ == "__main__":
    main()
