"""What a person sees while a stage works: one bar that names the stage, and short lines."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

console = Console(stderr=True)


@contextmanager
def progress_bar(label: str, *, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar and give the function that moves it on by so many."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(label, total=total)
        yield lambda count: progress.advance(task, count)


@contextmanager
def standing_bar(label: str, *, total: int) -> Iterator[Callable[[int, str], None]]:
    """Show a bar and give the function that sets how many are done, and what is to be read beside it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(elapsed_when_finished=False),
    )
    with _NotedProgress(*columns, console=console) as progress:
        task = progress.add_task(label, total=total)

        def show(done: int, note: str) -> None:
            progress.note = note
            progress.update(task, completed=done)

        yield show


class _NotedProgress(Progress):
    """A bar with a line of text below it, so that both fit on a screen of 80 columns."""

    note = ""

    def get_renderables(self) -> Iterator[RenderableType]:
        """Yield the bar and the line."""
        yield from super().get_renderables()
        yield Text(self.note)


def say(line: str) -> None:
    """Print one line of a stage's story."""
    console.print(line, highlight=False)
