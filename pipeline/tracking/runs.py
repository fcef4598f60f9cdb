"""Start and end of W&B runs.

Runs are kept offline unless W&B has credentials or `WANDB_MODE` is set (`disabled` switches W&B off). All files of W&B
are written inside the project.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.markup import escape

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.config.fingerprints import fingerprint
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import say
from agelens.pipeline.tracking.artifacts import input_digests, log_output, use_inputs
from agelens.pipeline.tracking.executions import Execution, continue_group, current_execution, remember_unreachable
from agelens.pipeline.tracking.modes import check_tracking, wandb_mode
from agelens.pipeline.tracking.names import new_id, run_name, tags_of
from agelens.pipeline.tracking.open_runs import find_open_run, forget_open_run, keep_open_run
from agelens.pipeline.tracking.run import Run
from agelens.pipeline.tracking.termination import exit_at_sigterm, exit_status

INIT_TIMEOUT = 15
"""Seconds to wait for W&B's server unless `WANDB_INIT_TIMEOUT` is set; W&B's default delays a stage by 90 seconds."""

FINISH_TIMEOUT = 300
"""Seconds to wait for the upload at the end of a run unless `WANDB_FINISH_TIMEOUT` is set; W&B waits for ever."""


@contextmanager
def tracked_run(
    job: str,
    *,
    params: Params,
    paths: Paths,
    config: Mapping[str, Any] | None = None,
    resumed_by: Any = None,
) -> Iterator[Run]:
    """Start a W&B run for a stage, and finish it at the end of the block, as failed if the block raises.

    SIGTERM ends the block like Ctrl-C, so that the run keeps its history.

    Args:
        job: Name of the stage, the job type of the run.
        params: The settings, which the config of the run contains.
        paths: Paths of the project.
        config: Further entries of the config, such as the recipe that is trained.
        resumed_by: Identifies what is run, for a job that resumes where it stopped: the same job resumes the run that
            an interruption left. None for jobs that start again.

    Raises:
        ParamsError: W&B is configured wrongly.
    """
    check_tracking(paths)
    if wandb_mode() == "disabled":
        yield Run(None)
        return
    with exit_at_sigterm():
        execution = current_execution(paths)
        name = run_name(job, params, label=execution.label)
        opened = None
        if resumed_by is not None:
            known = fingerprint(resumed_by)
            opened = find_open_run(paths, job, fingerprint=known)
            if opened:
                execution = continue_group(execution, label=opened.label, group=opened.group, paths=paths)
                name = run_name(job, params, label=opened.label)
            else:
                opened = keep_open_run(paths, job, fingerprint=known, name=name, execution=execution)
        with started_run(
            execution,
            paths=paths,
            id=opened.id if opened else new_id(name),
            name=name,
            job_type=job,
            tags=tags_of(params),
            show_faces=params.report.show_faces,
            config={**params.model_dump(mode="json"), "inputs": input_digests(job, paths), **(config or {})},
        ) as run:
            use_inputs(run, job, params, paths)
            yield run
            log_output(run, job, params, paths)
        if opened:
            forget_open_run(paths, job)


@contextmanager
def started_run(
    execution: Execution,
    *,
    paths: Paths,
    settings: Mapping[str, Any] | None = None,
    show_faces: bool = False,
    **options: Any,
) -> Iterator[Run]:
    """Start a run, and finish it at the end of the block with the exit status that the block leads to.

    Args:
        execution: To which the run belongs.
        paths: Paths of the project.
        settings: W&B's settings, beside those that every run has.
        show_faces: Whether the run may hold crops of people.
        options: Arguments of `wandb.init`.
    """
    _write_inside(paths)
    run = _start(
        execution,
        paths,
        options={
            "project": os.environ.get("WANDB_PROJECT", "agelens"),
            "dir": str(paths.wandb.parent),
            "group": execution.group,
            "resume": "allow",
            "reinit": "create_new",  # the run of a search stays open while its trials have theirs
            **options,
        },
        settings=settings or {},
    )
    run.define_metric("epoch")
    run.define_metric("*", step_metric="epoch")
    try:
        yield Run(run, show_faces=show_faces)
    except BaseException as error:
        _finish(run, execution, paths, exit_code=exit_status(error))
        raise
    _finish(run, execution, paths, exit_code=0)


def _start(execution: Execution, paths: Paths, *, options: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
    """Start a run; if the server cannot be reached, report it once in an execution and start it offline."""
    import wandb  # noqa: PLC0415  reads its folders from the environment when it is imported

    chosen: dict[str, Any] = {"silent": True, "finish_timeout_raises": True, **settings}
    for name, seconds in (("init_timeout", INIT_TIMEOUT), ("finish_timeout", FINISH_TIMEOUT)):
        if f"WANDB_{name.upper()}" not in os.environ:
            chosen[name] = seconds
    mode = "offline" if execution.unreachable else wandb_mode()
    try:
        return wandb.init(**options, mode=mode, settings=wandb.Settings(**chosen))
    except (wandb.errors.AuthenticationError, wandb.errors.UsageError) as error:
        msg = f"W&B refuses to start a run ({_line(error)}). Run `wandb login --relogin`, or set WANDB_MODE to offline."
        raise ParamsError(msg) from error
    except wandb.errors.CommError as error:
        if mode != "online":
            raise
        remember_unreachable(execution, _line(error), paths=paths)
        say(
            "W&B does not respond; the runs of this execution are kept offline, and `wandb sync` uploads them later "
            f"({escape(_line(error))})"
        )
    return wandb.init(**options, mode="offline", settings=wandb.Settings(**chosen))


def _finish(run: Any, execution: Execution, paths: Paths, *, exit_code: int) -> None:
    """Finish a run; what could not be uploaded in time stays in its folder."""
    try:
        run.finish(exit_code=exit_code)
    except TimeoutError as error:
        remember_unreachable(execution, _line(error), paths=paths)
        say("W&B did not take the whole run in time; `wandb sync --include-online` uploads the rest later")


def _line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _write_inside(paths: Paths) -> None:
    """Set the folders of W&B's cache and staged artifacts inside the project instead of the home folder.

    The folder of its settings stays as it is: it is only read, and holds the server that the user has logged in to.
    """
    try:
        paths.wandb.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"W&B runs are written to {paths.wandb.resolve()}, which cannot be made ({error.strerror})."
        raise ParamsError(msg) from error
    for name in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR"):
        folder = paths.wandb / name.removeprefix("WANDB_").removesuffix("_DIR").lower()
        os.environ.setdefault(name, str(folder.resolve()))
