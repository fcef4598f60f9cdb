"""How `agelens weights list` shows the registry."""

from rich.console import Console
from rich.table import Table

from agelens.weights.fetch import pretrained_folder, verify_weights
from agelens.weights.registry import REGISTRY


def print_weights() -> None:
    """Print every known file, whether it is here, and under which licence it is published; for narrow windows too."""
    console = Console()
    for entry in REGISTRY.values():
        console.print(f"[bold]{entry.name}[/]: {verify_weights(entry.name)}", highlight=False)
        details = Table.grid(padding=(0, 2))
        for title, text in (("file", entry.file), ("licence", entry.licence), ("figures", entry.figures)):
            details.add_row(f"  {title}", text)
        console.print(details)
    console.print(f"files are looked for in {pretrained_folder()}", style="dim", soft_wrap=True)
