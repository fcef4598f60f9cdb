"""The command `agelens eda`."""

from typing import Annotated

import typer


def eda(
    as_json: Annotated[bool, typer.Option("--json", help="Print the main figures as JSON instead of a table.")] = False,
) -> None:
    """Explore the data: ages, labels, image quality, duplicates, and what each stage removed and why.

    Needs the output of `dvc repro rebalance`. Writes reports/eda/eda.html, which needs no network, with all figures in
    reports/eda/summary.json and reports/eda/tables, and prints the main figures of each source. The same as the stage
    eda of `dvc repro`. docs/exploration.md describes the figures.
    """
    from agelens.pipeline.commands.quiet_import import import_quietly  # noqa: PLC0415
    from agelens.pipeline.config.params import read_params  # noqa: PLC0415
    from agelens.pipeline.config.paths import Paths  # noqa: PLC0415
    from agelens.pipeline.config.project_lock import project_lock  # noqa: PLC0415

    paths = Paths()
    params = read_params(paths.params)
    with project_lock(paths):
        import_quietly("agelens.pipeline.stages.eda").run(params, paths)
    content = paths.eda_summary.read_text(encoding="utf-8")
    if as_json:
        typer.echo(content.rstrip())
    else:
        import_quietly("agelens.pipeline.exploration.summary_table").print_exploration(content)
