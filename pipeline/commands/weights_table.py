"""The list that `agelens weights list` prints."""

from rich.console import Console
from rich.table import Table

from agelens.weights.fetch import pretrained_folder, verify_weights
from agelens.weights.registry import REGISTRY


def print_weights() -> None:
    """Print every published file with its state, licence and figures, readable in a narrow terminal."""
    console = Console()
    for entry in REGISTRY.values():
        console.print(f"[bold]{entry.name}[/]: {verify_weights(entry.name)}", highlight=False)
        details = Table.grid(padding=(0, 2))
        for title, text in (("file", entry.file), ("licence", entry.licence), ("figures", entry.figures)):
            details.add_row(f"  {title}", text)
        console.print(details)
    console.print(f"folder: {pretrained_folder()}", style="dim", soft_wrap=True)
