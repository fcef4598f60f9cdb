"""What a project stores about people, where, and until when: the table of docs/privacy.md and of `agelens clean`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["data", "runs", "cache", "models"]


@dataclass(frozen=True)
class StoredData:
    """Files of one kind.

    Args:
        pattern: Of their paths below the project, as for `Path.glob`.
        content: What they contain about people.
        kept: Until when they are kept if nobody removes them.
        kind: Which option of `agelens clean` removes them; `data` is always removed.
    """

    pattern: str
    content: str
    kept: str
    kind: Kind = "data"

    def files(self, root: Path) -> Iterator[Path]:
        """Yield the files below a project, also those in folders that match."""
        for path in root.glob(self.pattern):
            if path.is_dir() and not path.is_symlink():
                yield from (file for file in path.rglob("*") if file.is_symlink() or not file.is_dir())
            else:
                yield path


STORED_DATA = (
    StoredData("data/crops", "crops of faces", "until their photograph leaves the manifest"),
    StoredData("data/*journal*", "paths of photographs, boxes", "until a setting of the crops changes"),
    StoredData("data/*.csv", "paths, labels, people of each photograph; rejected ones too", "until the next run"),
    StoredData("data/raw_files.json", "number, size and hash of the raw files", "until they change"),
    StoredData("data/splits", "the rows of each split", "until the next run"),
    StoredData("data/features", "features of faces, by image", "until their crop changes or leaves the data"),
    StoredData("data/tune", "state of a search, cached outputs of faces", "until the search is finished"),
    StoredData("data/train_state", "checkpoints, cached outputs of faces", "until the training is finished"),
    StoredData("data/compared_runs", "predictions by image of the last two runs", "until two other runs were reported"),
    StoredData("data/protocol", "folds, networks of a cross-validation", "until the protocol is finished"),
    StoredData(".dvc/tmp/exps/**/data", "crops and tables of queued experiments", "until they end"),
    StoredData(".dvc/tmp/exps/**/reports", "predictions, sheets and pages of queued experiments", "until they end"),
    StoredData("reports", "predictions by image; sheets and pages with faces", "until the next run"),
    StoredData("dvc_plots", "ages and predictions of test rows", "until the next `dvc plots show`"),
    StoredData("wandb", "metrics, plots, test rows; faces where report.show_faces is true", "until removed", "runs"),
    StoredData(".dvc/cache", "tables, metrics and models of all runs, no photographs", "until removed", "cache"),
    StoredData("weights/trained", "the network, its calibration", "until the next training", "models"),
    StoredData("weights/exported", "the network; hashes of training images", "until the next export", "models"),
    StoredData("exports", "the network in other formats; errors on faces", "until removed", "models"),
    StoredData("runs/detector", "crops of a detector's training photographs; checkpoints", "until removed", "models"),
)
"""Everything below a project that was derived from photographs; raw folders belong to the user and are not listed."""
