"""The command `agelens protocol`."""

from typing import Annotated

import typer

from agelens.data_prep.core.errors import ParamsError


def protocol(
    source: Annotated[str, typer.Argument(help="A source of params.yaml, such as utkface.", show_default=False)],
    folds: Annotated[int, typer.Option(help="Number of folds.", min=3)] = 5,
    scope: Annotated[
        str, typer.Option(help="head: a head on frozen features, seconds per fold. network: all of it, hours per fold.")
    ] = "head",
    epochs: Annotated[
        int | None,
        typer.Option(help="Epochs of the head, or of phase 2 of the network; default: as in params.yaml.", min=1),
    ] = None,
    views: Annotated[int, typer.Option(help="Views of each crop that the head is trained on.", min=1)] = 1,
) -> None:
    """Cross-validate on one source: each fold is the test set once; folds share no person and no photograph.

    Needs the output of `dvc repro deduplicate`. Finished folds are not repeated. Results are written to
    reports/protocol.
    """
    from agelens.pipeline.commands.quiet_import import import_quietly  # noqa: PLC0415
    from agelens.pipeline.config.params import read_params  # noqa: PLC0415
    from agelens.pipeline.config.paths import Paths  # noqa: PLC0415
    from agelens.pipeline.config.project_lock import project_lock  # noqa: PLC0415

    if scope not in {"head", "network"}:
        msg = f"--scope must be head or network. Received: {scope}."
        raise ParamsError(msg)
    paths = Paths()
    params = read_params(paths.params)
    module = import_quietly("agelens.pipeline.cross_validation.protocol")
    phase = params.train.phase1 if scope == "head" else params.train.phase2
    configured = module.Protocol(source, folds=folds, scope=scope, epochs=epochs or phase.epochs, views=views)
    with project_lock(paths):
        summary = module.run_protocol(params, paths, protocol=configured)
    figures = summary["figures"]
    typer.echo(
        f"{source}, {folds} folds: MAE {figures['mae']['mean']:.2f} ± {figures['mae']['sd']:.2f} years, "
        f"CS@5 {figures['cs5']['mean']:.1%} ± {figures['cs5']['sd']:.1%} ({summary['label']})"
    )
