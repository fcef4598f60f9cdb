"""The commands `agelens detector`."""

from pathlib import Path
from typing import Annotated

import typer

Trust = Annotated[
    bool,
    typer.Option(
        "--trust", help="Load a checkpoint with an unknown hash. It can run any code: use only files that you trust."
    ),
]

detector_app = typer.Typer(
    help="The face detector: train, average and export one.", no_args_is_help=True, rich_markup_mode="markdown"
)


@detector_app.command("train")
def train_detector(  # noqa: PLR0913, PLR0917  each is an option
    widerface: Annotated[
        Path, typer.Argument(help="Folder with images/train, images/val, labels/train, labels/val in YOLO format.")
    ],
    start: Annotated[
        Path | None,
        typer.Option(
            help="Checkpoint to start from, such as weights/embedded/face_detector.pt; default: random weights."
        ),
    ] = None,
    work: Annotated[
        Path, typer.Option(help="Folder for images and checkpoints, with one subfolder per round, round_SEED.")
    ] = Path("runs/detector"),
    epochs: Annotated[int, typer.Option(help="Number of epochs.", min=1)] = 3,
    image_size: Annotated[int, typer.Option(help="Side of the network's input in pixels; a multiple of 32.")] = 320,
    learning_rate: Annotated[float, typer.Option(help="Initial learning rate; it decreases to a twentieth.")] = 0.006,
    tight_crops: Annotated[int, typer.Option(help="Crops around the largest faces, per photograph.", min=0)] = 1,
    free_squares: Annotated[int, typer.Option(help="Squares without a face, per photograph.", min=0)] = 1,
    hard_squares: Annotated[
        int, typer.Option(help="Additional squares without a face in which --start detects one, per photograph.", min=0)
    ] = 0,
    synthetic: Annotated[int, typer.Option(help="Number of drawn images with faces.", min=0)] = 300,
    blank: Annotated[int, typer.Option(help="Number of blank images.", min=0)] = 60,
    seed: Annotated[int, typer.Option(help="Random seed of the crops and drawn faces; also names the round.")] = 23,
    resume: Annotated[bool, typer.Option("--resume", help="Resume the stopped round of this seed.")] = False,
    trust: Trust = False,
) -> None:
    """Train the face detector for one round, on photographs, crops of them and synthetic faces.

    Takes an hour or more on a CPU and needs `agelens[train]`. Prints the path of the checkpoint, which
    `agelens detector export` converts for use.
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
    first: Annotated[Path, typer.Argument(help="An exported .pt file that was trained by this project.")],
    second: Annotated[
        Path, typer.Argument(help="Another one, such as the checkpoint that the first training started from.")
    ],
    target: Annotated[
        Path, typer.Argument(help="The .pt file to write; `agelens detector export` converts it for use.")
    ],
    share: Annotated[float, typer.Option(help="Weight of the first checkpoint in the mean.", min=0, max=1)] = 0.7,
    score: Annotated[
        float,
        typer.Option(help="Shift scores so that this score becomes 0.3, the pipeline's threshold.", min=0.01, max=0.99),
    ] = 0.3,
    trust: Trust = False,
) -> None:
    """Average two checkpoints of one training. The mean is often better than either; it takes seconds."""
    from agelens.data_prep.detector_training.yolo_export import blend_checkpoints  # noqa: PLC0415
    from agelens.weights.integrity import trusted_checkpoints  # noqa: PLC0415

    trusted = None if trust else trusted_checkpoints()
    typer.echo(str(blend_checkpoints(first, second, target, share=share, score=score, trusted=trusted)))


@detector_app.command("export")
def export_detector(
    checkpoint: Annotated[Path, typer.Argument(help="A .pt file that was trained by this project.")],
    folder: Annotated[
        Path, typer.Argument(help="Folder for face_detector.pt, .xml and .bin; the pipeline uses weights/embedded.")
    ],
    trust: Trust = False,
) -> None:
    """Convert a trained detector to the files that the pipeline and `predict` use.

    A checkpoint that you trained has an unknown hash and needs --trust.
    """
    from agelens.data_prep.detector_training.yolo_export import export_face_detector  # noqa: PLC0415
    from agelens.weights.integrity import trusted_checkpoints  # noqa: PLC0415

    typer.echo(str(export_face_detector(checkpoint, folder, trusted=None if trust else trusted_checkpoints())))
