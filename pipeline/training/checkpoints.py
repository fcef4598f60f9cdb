"""The checkpoints of a training, one file per phase."""

from dataclasses import dataclass
from pathlib import Path

from agelens.models.training.checkpoint import PhaseState, read_state, write_state

PHASES = (1, 2)


@dataclass(frozen=True)
class Checkpoints:
    """Where each phase saves its state after every epoch, and an interrupted training resumes from.

    Args:
        folder: Of the files.
        fingerprint: Identifies data, settings and code; checkpoints of another training are ignored.
    """

    folder: Path
    fingerprint: str

    def read(self, phase: int) -> PhaseState | None:
        """Return the state after the last finished epoch of a phase, or None if there is none."""
        return read_state(self._path(phase), fingerprint=self.fingerprint)

    def write(self, phase: int, state: PhaseState) -> None:
        """Save the state of a phase."""
        write_state(self._path(phase), state, fingerprint=self.fingerprint)

    def remove(self) -> None:
        """Remove the checkpoints of all phases, once the training is finished."""
        for phase in PHASES:
            self._path(phase).unlink(missing_ok=True)

    def _path(self, phase: int) -> Path:
        return self.folder / f"phase{phase}.npz"
