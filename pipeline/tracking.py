"""Logging of runs to Weights & Biases (W&B); no other module imports it.

Runs are kept offline unless W&B has credentials or `WANDB_MODE` is set (`disabled` switches W&B off). All files of W&B
are written inside the project. The runs of one training have the same settings and code, and form one group, unless
`WANDB_RUN_GROUP` is set.
"""

import contextlib
import hashlib
import io
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from rich.markup import escape

from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import say

INIT_TIMEOUT = 15
"""Seconds to wait for W&B's server unless `WANDB_INIT_TIMEOUT` is set; W&B's default delays a stage by 90 seconds."""


class Run:
    """A W&B run with the operations that stages need."""

    def __init__(self, run: Any) -> None:
        self._run = run

    def log_epoch(self, values: Mapping[str, float]) -> None:
        """Log the metrics of one epoch; `values` contains `epoch`, which both phases of a training share as axis."""
        self._run.log(dict(values))

    def summarise(self, values: Mapping[str, Any]) -> None:
        """Set summary metrics of the run."""
        self._run.summary.update(dict(values))

    def log_image(self, name: str, path: Path) -> None:
        """Log an image file."""
        import wandb  # noqa: PLC0415

        self._run.log({name: wandb.Image(str(path))})

    def log_table(self, name: str, table: pd.DataFrame) -> None:
        """Log a table."""
        import wandb  # noqa: PLC0415

        self._run.log({name: wandb.Table(dataframe=table)})


@contextmanager
def tracked_run(
    job: str, *, paths: Paths, config: Mapping[str, Any], name: str | None = None, group: str | None = None
) -> Iterator[Run]:
    """Start a W&B run for a stage, and finish it at the end of the block, as failed if the block raises.

    Args:
        job: Name of the stage, the job type of the run.
        paths: Paths of the project.
        config: The parameters that the run depends on.
        name: Name of the run; W&B generates one otherwise.
        group: Group of the run; by default all runs of a training are one group.
    """
    _write_inside(paths.wandb)
    run = _start(
        project=os.environ.get("WANDB_PROJECT", "agelens"),
        job_type=job,
        group=os.environ.get("WANDB_RUN_GROUP") or group or training_id(paths),
        name=name,
        config=dict(config),
        dir=str(paths.wandb.parent),
    )
    run.define_metric("epoch")
    run.define_metric("*", step_metric="epoch")
    try:
        yield Run(run)
    except BaseException:
        run.finish(exit_code=1)
        raise
    run.finish()


def wandb_mode() -> str:
    """Return the mode of W&B: `WANDB_MODE` if it is set, online if W&B has credentials, else offline."""
    if mode := os.environ.get("WANDB_MODE"):
        return mode
    os.environ.pop("WANDB_MODE", None)  # W&B rejects an empty value
    return "online" if os.environ.get("WANDB_API_KEY") or _has_credentials() else "offline"


def training_id(paths: Paths) -> str:
    """Return the group of the runs of a training: a short hash of params.yaml and of the git commit, if any."""
    settings = paths.params.read_bytes() if paths.params.is_file() else b""
    return hashlib.sha256(settings + _commit(paths.root)).hexdigest()[:8]


def _start(**options: Any) -> Any:
    """Start a run; if the server does not respond, print a message and start it offline."""
    import wandb  # noqa: PLC0415  reads its folders from the environment when it is imported

    settings: dict[str, Any] = {"silent": True, "console": "off", "x_disable_stats": True}
    if "WANDB_INIT_TIMEOUT" not in os.environ:
        settings["init_timeout"] = INIT_TIMEOUT
    options["mode"] = wandb_mode()
    try:
        return wandb.init(**options, settings=wandb.Settings(**settings))
    except wandb.errors.CommError as error:
        if options["mode"] != "online":
            raise
        reason = str(error).partition("\n")[0]
        say(f"W&B does not respond; this run is kept offline, and `wandb sync` uploads it later ({escape(reason)})")
    return wandb.init(**options | {"mode": "offline"}, settings=wandb.Settings(**settings))


def _commit(folder: Path) -> bytes:
    if shutil.which("git") is None:
        return b""
    return subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, check=False).stdout


def _has_credentials() -> bool:
    """Return whether W&B finds credentials for its server in a settings file or in netrc.

    W&B's public functions do not fit: `wandb.login(prompt=False)` connects to the server as soon as it finds a key, for
    minutes if there is no network, and `wandb.api.api_key` is deprecated and prints a warning. These two functions
    read files only.
    """
    import wandb  # noqa: PLC0415
    from wandb.sdk import wandb_setup  # noqa: PLC0415
    from wandb.sdk.lib import wbauth  # noqa: PLC0415

    with contextlib.redirect_stderr(io.StringIO()):  # it reports every settings file that it reads
        settings = wandb_setup.singleton().settings
        try:
            return bool(settings.api_key or wbauth.read_netrc_auth(host=settings.base_url))
        except wandb.errors.AuthenticationError:
            return True  # a malformed key; `wandb.init` reports it


def _write_inside(folder: Path) -> None:
    """Set the folders of W&B's cache and staged artifacts inside the project instead of the home folder.

    The folder of its settings stays as it is: it is only read, and holds the server that the user has logged in to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR"):
        os.environ.setdefault(name, str((folder / name.removeprefix("WANDB_").removesuffix("_DIR").lower()).resolve()))
