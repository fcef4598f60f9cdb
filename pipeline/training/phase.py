"""One phase of a training: resumed from its checkpoint, shown on the terminal, logged to W&B."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from agelens.models.training.checkpoint import PhaseState
from agelens.models.training.distribution import Distribution, weights_digest
from agelens.models.training.history import EpochRecord
from agelens.models.training.keras_metrics import AgeErrors
from agelens.models.training.objective import Objective, compile_model
from agelens.models.training.phases import BatchListener, PhaseConfig, build_optimizer, fit_phase
from agelens.pipeline.progress import progress_bar, say
from agelens.pipeline.tracking.run import Run
from agelens.pipeline.training.checkpoints import Checkpoints

DatasetsFrom = Callable[[int], tuple[Any, int, Any]]
"""From the first epoch of a training dataset to that dataset, its batches per epoch and the validation dataset."""


@dataclass(frozen=True)
class PhaseTrainer:
    """Trains models phase by phase.

    Args:
        checkpoints: Where phases resume from.
        tracked: The W&B run that gets every epoch.
        distribution: The devices; `fit` must run in its scope.
    """

    checkpoints: Checkpoints
    tracked: Run
    distribution: Distribution

    def fit(
        self,
        model: Any,
        datasets_from: DatasetsFrom,
        objective: Objective,
        *,
        config: PhaseConfig,
        phase: int,
        first_epoch: int = 0,
    ) -> list[EpochRecord]:
        """Train a model for one phase, or for its remaining epochs, and leave its best weights in it.

        Args:
            model: With the variables to train set to trainable.
            datasets_from: Builds the datasets.
            objective: The losses.
            config: How the phase trains.
            phase: 1 or 2.
            first_epoch: Number of epochs of the earlier phases, for the history.

        Returns:
            The history of the phase, one record per epoch, those of an interrupted run included.

        Raises:
            ParamsError: The loss is no longer finite, or hosts that train together differ.
        """
        distribution, keep = self.distribution, self._keep(phase)
        state = self.checkpoints.read(phase)
        done = list(state.records) if state else []
        for record in done:
            self.tracked.log_epoch(record.as_row())  # this W&B run has not seen them
        if done:
            say(f"phase {phase} resumes after epoch {len(done)}")
        distribution.check_equal(self.checkpoints.fingerprint, what="Rows, settings and code of the training")
        distribution.check_equal(str([asdict(record) for record in done]), what="The checkpoint of the training")
        training, steps, validation = datasets_from(len(done))
        errors = AgeErrors()
        compile_model(model, objective, optimizer=build_optimizer(config, steps=steps), errors=errors)
        with progress_bar(f"phase {phase}, batches", total=steps * config.epochs) as advance:
            advance(steps * len(done))
            history = fit_phase(
                model,
                distribution.split(training),
                steps=steps,
                validation=distribution.split(validation),
                config=config,
                phase=phase,
                first_epoch=first_epoch,
                state=state,
                keep=keep,
                listener=self._report,
                callbacks=[BatchListener(advance)],
                errors=errors,
            )
        distribution.check_equal(weights_digest(model), what="The trained weights")
        return history

    def _keep(self, phase: int) -> Callable[[PhaseState], None]:
        """Return what is done with the state after each epoch: one host stores it for all."""
        if not self.distribution.role.is_chief:
            return lambda _: None
        return lambda state: self.checkpoints.write(phase, state)

    def _report(self, record: EpochRecord) -> None:
        self.tracked.log_epoch(record.as_row())
        say(
            f"epoch {record.epoch} (phase {record.phase}): loss {record.loss:.3f}, train MAE {record.age_mae:.2f}, "
            f"val MAE {record.val_age_mae:.2f}, val group accuracy {record.val_age_group_accuracy:.1%}, "
            f"learning rate {record.learning_rate:.1e}"
        )
