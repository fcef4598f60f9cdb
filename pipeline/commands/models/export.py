"""The command `agelens export`."""

from pathlib import Path
from typing import Annotated

import typer

from agelens.models.exports.format_names import FormatName
from agelens.pipeline.commands.quiet_import import import_quietly


def export(
    to: Annotated[
        list[FormatName],
        typer.Option("--to", help="Format; give the option several times for several formats.", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help="Folder in which each format gets a folder of its name.")] = Path("exports"),
    model: Annotated[
        str | None,
        typer.Option(
            help="Folder of an exported model, or `bundled`; default: the trained network of the project in the "
            "current folder.",
            show_default=False,
        ),
    ] = None,
    images: Annotated[
        list[Path] | None,
        typer.Option(
            help="Photographs, or folders of them, on whose faces exports are compared with the model; default: crops "
            "of the project's validation split.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Export a model for other runtimes: Keras, TensorFlow, ONNX, OpenVINO, LiteRT.

    Every file takes aligned views as uint8, and returns calibrated years with their prediction interval. Its outputs
    are compared with those of the model on up to 500 faces; if they differ too much, nothing is written. `export.json`
    beside each file describes inputs, outputs, units and licence, and has its SHA-256. See docs/exports.md.

    Exit status: 0, everything was written; 1, a format failed, while the others were written; 2, wrong usage.
    """
    import_quietly("agelens.pipeline.exports.run").export_formats(
        to, out=out, model=model, images=images or [], as_json=as_json
    )
