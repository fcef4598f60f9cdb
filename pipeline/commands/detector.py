"""The commands `agelens detector`."""

from pathlib import Path
from typing import Annotated

import typer

Trust = Annotated[
    bool,
    typer.Option(
        "--trust", help="Load a checkpoint that this project does not know. It can run any code: know its maker."
    ),
]

detector_app = typer.Typer(help="The face detector: train another one, export it.", no_args_is_help=True)


@detector_app.command("train")
def train_detector(  # noqa: PLR0913, PLR0917  each is an option
    widerface: Annotated[
        Path, typer.Argument(help="Folder with images/train, images/val, labels/train, labels/val in YOLO format.")
    ],
    start: Annotated[
        Path | None,
        typer.Option(help="Checkpoint to go on from, such as weights/embedded/face_detector.pt; default: begin anew."),
    ] = None,
    work: Annotated[
        Path, typer.Option(help="Where images and checkpoints go: one folder per round, round_SEED.")
    ] = Path("runs/detector"),
    epochs: Annotated[int, typer.Option(help="Times that every image is seen.", min=1)] = 3,
    image_size: Annotated[int, typer.Option(help="Side in pixels to which images are scaled; a multiple of 32.")] = 320,
    learning_rate: Annotated[float, typer.Option(help="At the start; it falls to a twentieth.")] = 0.006,
    tight_crops: Annotated[int, typer.Option(help="Crops about the largest faces, of each photograph.", min=0)] = 1,
    free_squares: Annotated[int, typer.Option(help="Squares without a face, of each photograph.", min=0)] = 1,
    hard_squares: Annotated[
        int, typer.Option(help="More squares without a face, in which --start sees one, of each photograph.", min=0)
    ] = 0,
    synthetic: Annotated[int, typer.Option(help="Drawn pictures with faces.", min=0)] = 300,
    blank: Annotated[int, typer.Option(help="Pictures without anything.", min=0)] = 60,
    seed: Annotated[
        int, typer.Option(help="Names the round; another seed cuts other crops and draws other faces.")
    ] = 23,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the round of this seed that was stopped.")
    ] = False,
    trust: Trust = False,
) -> None:
    """Train the face detector for one round, on photographs, crops of them and synthetic faces.

    Takes an hour or more on a CPU, and needs what the extra `train` installs.
    Prints the checkpoint, which `agelens detector export` makes ready for use.
    """
    from agelens.data_prep.detector_training.yolo_training import DetectorRecipe, train_face_detector  # noqa: PLC0415
    from agelens.weights.integrity import trusted_checkpoints  # noqa: PLC0415

    recipe = DetectorRecipe(
        epochs=epochs,
        image_size=image_size,
        learning_rate=learning_rate,
        tight_crops=tight_crops,
        free_squares=free_squares,
        hard_squares=hard_squares,
        synthetic=synthetic,
        blank=blank,
        seed=seed,
    )
    trusted = None if trust else trusted_checkpoints()
    last = train_face_detector(widerface, work, recipe=recipe, start=start, resume=resume, trusted=trusted)
    typer.echo(str(last))


@detector_app.command("blend")
def blend_detectors(
    first: Annotated[Path, typer.Argument(help="An exported .pt file of this project's own training.")],
    second: Annotated[Path, typer.Argument(help="Another one, such as that which the first was trained from.")],
    target: Annotated[Path, typer.Argument(help="The .pt file to write; `export` makes it ready for use.")],
    share: Annotated[float, typer.Option(help="Weight of the first.", min=0, max=1)] = 0.7,
    score: Annotated[
        float,
        typer.Option(help="Boxes that score so get 0.3, from which on the pipeline counts them.", min=0.01, max=0.99),
    ] = 0.3,
    trust: Trust = False,
) -> None:
    """Average two checkpoints of one training; it is often better than either, and takes seconds."""
    from agelens.data_prep.detector_training.yolo_export import blend_checkpoints  # noqa: PLC0415
    from agelens.weights.integrity import trusted_checkpoints  # noqa: PLC0415

    trusted = None if trust else trusted_checkpoints()
    typer.echo(str(blend_checkpoints(first, second, target, share=share, score=score, trusted=trusted)))


@detector_app.command("export")
def export_detector(
    checkpoint: Annotated[Path, typer.Argument(help="A .pt file of this project's own training.")],
    folder: Annotated[
        Path, typer.Argument(help="Where face_detector.pt, .xml and .bin go; weights/embedded is the one that is used.")
    ],
    trust: Trust = False,
) -> None:
    """Turn a trained detector into the files that the pipeline and `predict` use.

    A checkpoint that you trained is none that the project knows: say --trust.
    """
    from agelens.data_prep.detector_training.yolo_export import export_face_detector  # noqa: PLC0415
    from agelens.weights.integrity import trusted_checkpoints  # noqa: PLC0415

    typer.echo(str(export_face_detector(checkpoint, folder, trusted=None if trust else trusted_checkpoints())))
