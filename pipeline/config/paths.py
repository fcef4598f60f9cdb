"""Where everything lies: one property per file or folder, all under one root."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """The project's files.

    Args:
        root: The folder of dvc.yaml; stages run in it.
    """

    root: Path = Path()

    @property
    def params(self) -> Path:
        """The settings in force."""
        return self.root / "params.yaml"

    @property
    def manifest(self) -> Path:
        """Every labelled photograph."""
        return self.root / "data/manifest.csv"

    @property
    def manifest_rejected(self) -> Path:
        """Files and lines that gave no label."""
        return self.root / "data/manifest_rejected.csv"

    @property
    def crops(self) -> Path:
        """Face crops, one JPEG each."""
        return self.root / "data/crops"

    @property
    def faces(self) -> Path:
        """The manifest with boxes."""
        return self.root / "data/faces.csv"

    @property
    def faces_rejected(self) -> Path:
        """Images that cannot be read, or hold no face."""
        return self.root / "data/faces_rejected.csv"

    @property
    def crop_report(self) -> Path:
        """Counts and contact sheets of the crops."""
        return self.root / "reports/crop_faces"

    @property
    def grouped(self) -> Path:
        """Faces with photo and group, one row per photo."""
        return self.root / "data/grouped.csv"

    @property
    def grouped_rejected(self) -> Path:
        """Duplicates and conflicts."""
        return self.root / "data/grouped_rejected.csv"

    @property
    def duplicates_report(self) -> Path:
        """The ten largest photos, to look at."""
        return self.root / "reports/deduplicate"

    @property
    def split_train(self) -> Path:
        """Rows to learn from."""
        return self.root / "data/splits/train.csv"

    @property
    def split_val(self) -> Path:
        """Rows to choose by."""
        return self.root / "data/splits/val.csv"

    @property
    def split_test(self) -> Path:
        """Rows to evaluate on; only `evaluate` and `report` read them."""
        return self.root / "data/splits/test.csv"

    @property
    def train(self) -> Path:
        """The rebalanced training rows."""
        return self.root / "data/train.csv"

    @property
    def train_rejected(self) -> Path:
        """Rows of ages that are over-represented."""
        return self.root / "data/train_rejected.csv"

    @property
    def features(self) -> Path:
        """Cached features of the frozen backbone."""
        return self.root / "data/features"

    @property
    def features_report(self) -> Path:
        """What augmentation does to a face."""
        return self.root / "reports/cache_features"

    @property
    def best_settings(self) -> Path:
        """The best settings of the search, which `train` uses."""
        return self.root / "reports/tune/best.json"

    @property
    def tune_report(self) -> Path:
        """Tables of the search."""
        return self.root / "reports/tune"

    @property
    def tune_state(self) -> Path:
        """State of a search, from which it resumes."""
        return self.root / "data/tune"

    @property
    def age_net(self) -> Path:
        """The trained network."""
        return self.root / "weights/trained/age_net.keras"

    @property
    def train_state(self) -> Path:
        """What a training that was stopped needs to go on."""
        return self.root / "data/train_state"

    @property
    def trunk(self) -> Path:
        """What the frozen trunk says of every crop and view, while phase 2 trains on it."""
        return self.train_state / "trunk"

    @property
    def train_report(self) -> Path:
        """History of the training."""
        return self.root / "reports/train"

    @property
    def calibration(self) -> Path:
        """What turns an age into an interval."""
        return self.root / "weights/trained/calibration.json"

    @property
    def evaluation(self) -> Path:
        """Metrics and predictions of the test split."""
        return self.root / "reports/evaluate"

    @property
    def metrics(self) -> Path:
        """Headline metrics."""
        return self.root / "reports/evaluate/metrics.json"

    @property
    def predictions(self) -> Path:
        """One row per test face."""
        return self.root / "reports/evaluate/predictions.csv"

    @property
    def report(self) -> Path:
        """All plots, and the pages of the evaluation and the search."""
        return self.root / "reports/report"

    @property
    def exported(self) -> Path:
        """The served model."""
        return self.root / "weights/exported"

    @property
    def protocol_report(self) -> Path:
        """Results of cross-validation, by protocol and fold."""
        return self.root / "reports/protocol"

    @property
    def protocol_state(self) -> Path:
        """Features and folders of folds that cross-validation works in."""
        return self.root / "data/protocol"

    @property
    def wandb(self) -> Path:
        """Runs that W&B keeps until they are synced."""
        return self.root / "wandb"
