"""How `agelens weights list` shows the registry."""

from rich.console import Console
from rich.table import Table

from weights.fetch import pretrained_folder, verify_weights
from weights.registry import REGISTRY


def print_weights() -> None:
    """Print every known file, whether it is here, and under which licence it is published."""
    table = Table("name", "here", "file", "licence", "published figures", box=None)
    for entry in REGISTRY.values():
        table.add_row(entry.name, verify_weights(entry.name), entry.file, entry.licence, entry.figures)
    console = Console()
    console.print(table)
    console.print(f"files are looked for in {pretrained_folder()}", style="dim")
