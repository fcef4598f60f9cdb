"""The files and folders that stages read and write, under one root."""

from dataclasses import dataclass
from pathlib import Path

from agelens.pipeline.config.checkout import main_checkout


@dataclass(frozen=True)
class Paths:
    """The project's files.

    Args:
        root: The folder of dvc.yaml; stages run in it.
    """

    root: Path = Path()

    @property
    def params(self) -> Path:
        """The settings in use."""
        return self.root / "params.yaml"

    @property
    def tracking(self) -> Path:
        """What stages remember of their W&B runs: the group of an execution, and runs to be resumed."""
        return self.root / "data/.tracking"

    @property
    def lock(self) -> Path:
        """Held by the command that writes into the project."""
        return self.root / "data/.lock"

    @property
    def manifest(self) -> Path:
        """Every labelled photograph."""
        return self.root / "data/manifest.csv"

    @property
    def manifest_rejected(self) -> Path:
        """Files and lines without a usable label."""
        return self.root / "data/manifest_rejected.csv"

    @property
    def raw_files(self) -> Path:
        """Number, size and hash of the raw files of each source, by which DVC notices a change."""
        return self.root / "data/raw_files.json"

    @property
    def crops(self) -> Path:
        """Face crops, one JPEG each."""
        return self.root / "data/crops"

    @property
    def crop_journal(self) -> Path:
        """Finished photographs, from which a stopped stage resumes; not a result, since it has times of files."""
        return self.root / "data/crops_journal.jsonl"

    @property
    def faces(self) -> Path:
        """The rows of the manifest with a crop, and their boxes."""
        return self.root / "data/faces.csv"

    @property
    def faces_rejected(self) -> Path:
        """Images without a crop, with the reason."""
        return self.root / "data/faces_rejected.csv"

    @property
    def crop_report(self) -> Path:
        """Counts and contact sheets of the crops."""
        return self.root / "reports/crop_faces"

    @property
    def landmarks(self) -> Path:
        """The faces with their points, and how each is framed."""
        return self.root / "data/landmarks.csv"

    @property
    def grouped(self) -> Path:
        """One row for each photo, with its group."""
        return self.root / "data/grouped.csv"

    @property
    def grouped_rejected(self) -> Path:
        """Duplicates, and photos with conflicting labels."""
        return self.root / "data/grouped_rejected.csv"

    @property
    def duplicates_report(self) -> Path:
        """A sheet of the photos with the most files, to check the thresholds."""
        return self.root / "reports/deduplicate"

    @property
    def split_train(self) -> Path:
        """Rows for training, before they are rebalanced."""
        return self.root / "data/splits/train.csv"

    @property
    def split_val(self) -> Path:
        """Rows for validation: early stopping, the search and calibration."""
        return self.root / "data/splits/val.csv"

    @property
    def split_test(self) -> Path:
        """Rows for evaluation; only `evaluate` and `report` read them."""
        return self.root / "data/splits/test.csv"

    @property
    def train(self) -> Path:
        """The rebalanced training rows."""
        return self.root / "data/train.csv"

    @property
    def train_rejected(self) -> Path:
        """Rows of common ages that were cut."""
        return self.root / "data/train_rejected.csv"

    @property
    def features(self) -> Path:
        """Cached features of the frozen backbone."""
        return self.root / "data/features"

    @property
    def features_report(self) -> Path:
        """A sheet of the views of one crop."""
        return self.root / "reports/cache_features"

    @property
    def best_settings(self) -> Path:
        """The best settings of the search, which `train` uses."""
        return self.root / "reports/tune/best.json"

    @property
    def recipe(self) -> Path:
        """What `train` uses of the search and of params.yaml; DVC trains again if it changes."""
        return self.root / "reports/tune/recipe.json"

    @property
    def tune_report(self) -> Path:
        """Tables of the search."""
        return self.root / "reports/tune"

    @property
    def search_report(self) -> Path:
        """Tables and pages of a search that `agelens tune` ran outside of DVC."""
        return self.root / "reports/search"

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
        """Checkpoints, from which a stopped training resumes."""
        return self.root / "data/train_state"

    @property
    def trunk(self) -> Path:
        """Cached outputs of the trunk for all crops and views, during phase 2."""
        return self.train_state / "trunk"

    @property
    def train_report(self) -> Path:
        """History of the training."""
        return self.root / "reports/train"

    @property
    def training(self) -> Path:
        """What was trained, and the best epoch."""
        return self.root / "reports/train/training.json"

    @property
    def calibration(self) -> Path:
        """Temperature, bias correction and interval widths."""
        return self.root / "weights/trained/calibration.json"

    @property
    def calibration_report(self) -> Path:
        """Coverage of the prediction intervals on validation, by source."""
        return self.root / "reports/calibrate"

    @property
    def evaluation(self) -> Path:
        """Metrics and predictions of the test split."""
        return self.root / "reports/evaluate"

    @property
    def metrics(self) -> Path:
        """The few metrics by which runs are compared."""
        return self.root / "reports/evaluate/metrics.json"

    @property
    def overall(self) -> Path:
        """All metrics over the whole test split, with intervals."""
        return self.root / "reports/evaluate/overall.json"

    @property
    def slices(self) -> Path:
        """Metrics of age bands, sources and attributes, with intervals."""
        return self.root / "reports/evaluate/slices.csv"

    @property
    def thresholds(self) -> Path:
        """Error rates at age thresholds."""
        return self.root / "reports/evaluate/thresholds.csv"

    @property
    def fairness(self) -> Path:
        """Errors of groups of people, standardised by age."""
        return self.root / "reports/evaluate/fairness.csv"

    @property
    def training_ages(self) -> Path:
        """Ages of the training split by source and attribute."""
        return self.root / "reports/evaluate/training_ages.csv"

    @property
    def robustness(self) -> Path:
        """Errors on degraded crops."""
        return self.root / "reports/evaluate/robustness.csv"

    @property
    def zero_shot(self) -> Path:
        """Metrics of sources that no training used, by slice."""
        return self.root / "reports/evaluate/zero_shot.csv"

    @property
    def zero_shot_predictions(self) -> Path:
        """One row per face of the sources that no training used."""
        return self.root / "reports/evaluate/zero_shot_predictions.csv"

    @property
    def evaluation_lineage(self) -> Path:
        """Which network and calibration the evaluation is of."""
        return self.root / "reports/evaluate/lineage.json"

    @property
    def predictions(self) -> Path:
        """One row per test face."""
        return self.root / "reports/evaluate/predictions.csv"

    @property
    def eda_summary(self) -> Path:
        """Main figures of the exploration of the data."""
        return self.root / "reports/eda/summary.json"

    @property
    def eda_tables(self) -> Path:
        """Tables of the exploration."""
        return self.root / "reports/eda/tables"

    @property
    def eda_page(self) -> Path:
        """The page of the exploration, which may show faces."""
        return self.root / "reports/eda/eda.html"

    @property
    def report(self) -> Path:
        """All plots, and the pages of the evaluation and the search."""
        return self.root / "reports/report"

    @property
    def report_lineage(self) -> Path:
        """Which network and calibration the report is of."""
        return self.root / "reports/report/lineage.json"

    @property
    def compared_runs(self) -> Path:
        """The current and the previous run, which a report compares; not a result, since DVC does not restore it."""
        return self.root / "data/compared_runs"

    @property
    def exported(self) -> Path:
        """The exported model, which `agelens predict` can use."""
        return self.root / "weights/exported"

    @property
    def protocol_report(self) -> Path:
        """Results of cross-validation, by protocol and fold."""
        return self.root / "reports/protocol"

    @property
    def protocol_state(self) -> Path:
        """Features and working folders of the folds of cross-validation."""
        return self.root / "data/protocol"

    @property
    def wandb(self) -> Path:
        """W&B runs that are not synced yet; those of a queued experiment are kept in the checkout, too."""
        return main_checkout(self.root) / "wandb"
