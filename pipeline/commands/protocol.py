"""The command `agelens protocol`."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from agelens.data_prep.core.errors import ParamsError

ERRORS = {
    "mae": ("MAE", "{:.2f}", " years"),
    "cs5": ("CS@5", "{:.1%}", ""),
    "interval_mae": ("outside age intervals", "{:.2f}", " years"),
}
CLASSES = {
    "class_accuracy": ("exact", "{:.1%}", ""),
    "class_accuracy_one_off": ("one-off", "{:.1%}", ""),
    "gender_accuracy": ("gender", "{:.1%}", ""),
}
SHOWN = {"folds": ERRORS, "person": ERRORS, "source": ERRORS, "published": CLASSES}
"""Metrics that are printed by what is tested at a time: title, form and unit."""


def protocol(
    source: Annotated[
        str | None, typer.Argument(help="A source of params.yaml, such as utkface.", show_default=False)
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            help="What is tested at a time. folds: ours, by person and photograph. published: the five folds of "
            "Adience, 8 classes. person: leave one person out. source: leave one source out."
        ),
    ] = "folds",
    folds: Annotated[int, typer.Option(help="Number of folds, for --by folds.", min=3)] = 5,
    scope: Annotated[
        str, typer.Option(help="head: a head on frozen features, seconds per fold. network: all of it, hours per fold.")
    ] = "head",
    epochs: Annotated[
        int | None,
        typer.Option(help="Epochs of the head, or of phase 2 of the network; default: as in params.yaml.", min=1),
    ] = None,
    views: Annotated[int, typer.Option(help="Views of each crop that the head is trained on.", min=1)] = 1,
    bag: Annotated[int, typer.Option(help="Heads with different seeds whose outputs are averaged.", min=1)] = 1,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Accept published folds of which faces are missing.")
    ] = False,
) -> None:
    """Cross-validate: each fold, person or source is the test set once; training sees none of its photographs.

    Needs the output of `dvc repro deduplicate`. Finished turns are not repeated. Results are written to
    reports/protocol, beside published ones where we know them.
    """
    from agelens.pipeline.commands.quiet_import import import_quietly  # noqa: PLC0415
    from agelens.pipeline.config.params import read_params  # noqa: PLC0415
    from agelens.pipeline.config.paths import Paths  # noqa: PLC0415
    from agelens.pipeline.config.project_lock import project_lock  # noqa: PLC0415
    from agelens.pipeline.tracking.modes import check_tracking  # noqa: PLC0415

    if scope not in {"head", "network"}:
        msg = f"--scope must be head or network. Received: {scope}."
        raise ParamsError(msg)
    if by not in {"folds", "published", "person", "source"}:
        msg = f"--by must be folds, published, person or source. Received: {by}."
        raise ParamsError(msg)
    paths = Paths()
    params = read_params(paths.params)
    check_tracking(paths)
    module = import_quietly("agelens.pipeline.cross_validation.protocol")
    phase = params.train.phase1 if scope == "head" else params.train.phase2
    configured = module.Protocol(
        source,
        folds=folds,
        scope=scope,
        epochs=epochs or phase.epochs,
        views=views,
        by=by,
        bag=bag,
        incomplete=incomplete,
    )
    with project_lock(paths):
        summary = module.run_protocol(params, paths, protocol=configured)
    for line in _lines(summary):
        typer.echo(line)


def _lines(summary: dict[str, Any]) -> Iterator[str]:
    """Yield the results as text, and published ones beside them."""
    figures, turns = summary["figures"], len(summary["folds"])
    unit = {"person": "people", "source": "sources"}.get(summary["by"], "folds")
    parts = [
        f"{title} {form.format(figures[name]['mean'])} ± {form.format(figures[name]['sd'])}{after}"
        for name, (title, form, after) in SHOWN[summary["by"]].items()
        if name in figures
    ]
    yield f"{summary['source'] or 'all sources'}, {turns} {unit}: {', '.join(parts)} ({summary['label']})"
    if summary["by"] == "person":
        pooled = summary["pooled"]
        low, high = pooled["mae_low"], pooled["mae_high"]
        yield f"over all faces: MAE {pooled['mae']:.2f} years (95 % interval {low:.2f} to {high:.2f})"
    if summary["missing"]:
        yield f"INCOMPLETE, not comparable: {summary['missing']}"
    for result in summary["published"]:
        yield f"published: {result['figure']} ({result['method']}; {result['source']})"
