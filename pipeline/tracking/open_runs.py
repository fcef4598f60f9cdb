"""The run of a job that was killed: the same job resumes it, so that a training is one run, however often it stopped.

The id of a run is kept in a file from its start to its successful end. A resumed training logs its whole history again:
an online run ignores the steps that it has, and `wandb sync` writes the offline runs of one id in the order of their
start, the last and longest over the others.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from agelens.data_prep.core.atomic import write_json
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.tracking.executions import Execution, read_state, state_file
from agelens.pipeline.tracking.names import current_part, new_id, slug


@dataclass(frozen=True)
class OpenRun:
    """A run that has not ended successfully.

    Args:
        fingerprint: Identifies what is run; another job does not resume it.
        id: Of the run.
        label: Of the execution that started it.
        group: Of that execution.
    """

    fingerprint: str
    id: str
    label: str
    group: str


def find_open_run(paths: Paths, job: str, *, fingerprint: str) -> OpenRun | None:
    """Return the run that the same job has left open, or None."""
    stored = read_state(_file(paths, job))
    return OpenRun(**stored) if stored and stored["fingerprint"] == fingerprint else None


def keep_open_run(paths: Paths, job: str, *, fingerprint: str, name: str, execution: Execution) -> OpenRun:
    """Return a new run with an id, and remember it until `forget_open_run`."""
    made = OpenRun(fingerprint, new_id(name), execution.label, execution.group)
    write_json(_file(paths, job), asdict(made))
    return made


def forget_open_run(paths: Paths, job: str) -> None:
    """Forget the run of a job, which has ended successfully."""
    _file(paths, job).unlink(missing_ok=True)


def _file(paths: Paths, job: str) -> Path:
    """Return the file of a job; each fold of a protocol has its own."""
    part = current_part()
    return state_file(paths, f"{job}-{slug(part)}" if part else job)
