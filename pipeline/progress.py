"""Output of a running stage: progress bars and single lines on stderr."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

console = Console(stderr=True)


@contextmanager
def progress_bar(label: str, *, total: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar and yield a function that advances it by a number of steps."""
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
def annotated_progress_bar(label: str, *, total: int) -> Iterator[Callable[[int, str], None]]:
    """Show a progress bar with a note and yield a function that sets the number of finished steps and the note."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(elapsed_when_finished=False),
    )
    with _AnnotatedProgress(*columns, console=console) as progress:
        task = progress.add_task(label, total=total)

        def show(done: int, note: str) -> None:
            progress.note = note
            progress.update(task, completed=done)

        yield show


class _AnnotatedProgress(Progress):
    """A progress bar with a line of text below it, so that both fit into 80 columns."""

    note = ""

    def get_renderables(self) -> Iterator[RenderableType]:
        """Yield the bar and the line."""
        yield from super().get_renderables()
        yield Text(self.note)


def say(line: str) -> None:
    """Print a line."""
    console.print(line, highlight=False)


def warn(line: str | None) -> None:
    """Print a line about something that makes results doubtful but is no error; None prints nothing."""
    if line is not None:
        console.print(f"[yellow]warning:[/yellow] {line}", highlight=False)
