"""Weights & Biases, the only place that knows it: runs are kept offline unless the user is logged in.

`WANDB_MODE` is respected (`disabled` turns runs off). Everything that W&B writes stays inside the project. The runs of
one training, which share settings and code, are one group of W&B's, `WANDB_RUN_GROUP` if that is set.
"""

import configparser
import hashlib
import netrc
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
from rich.markup import escape

from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import say

INIT_SECONDS = 15
"""How long W&B may take to answer, unless `WANDB_INIT_TIMEOUT` says; its own default holds a stage up for 90."""

OWN_HOST = "api.wandb.ai"
"""Logins of earlier versions of W&B are kept under this name, and serve for its default server."""


class Run:
    """One W&B run, as far as stages need it."""

    def __init__(self, run: Any) -> None:
        self._run = run

    def log_epoch(self, values: Mapping[str, float]) -> None:
        """Log one epoch; `values` holds `epoch`, the axis that both phases share."""
        self._run.log(dict(values))

    def summarise(self, values: Mapping[str, Any]) -> None:
        """Set the run's headline figures."""
        self._run.summary.update(dict(values))

    def log_picture(self, name: str, path: Path) -> None:
        """Log one picture file."""
        import wandb  # noqa: PLC0415

        self._run.log({name: wandb.Image(str(path))})

    def log_table(self, name: str, table: pd.DataFrame) -> None:
        """Log one table."""
        import wandb  # noqa: PLC0415

        self._run.log({name: wandb.Table(dataframe=table)})


@contextmanager
def tracked_run(
    job: str, *, paths: Paths, config: Mapping[str, Any], name: str | None = None, group: str | None = None
) -> Iterator[Run]:
    """Start a W&B run for one stage, and finish it whatever happens.

    Args:
        job: The stage; W&B's job type.
        paths: Where runs are kept.
        config: The parameters that the run depends on.
        name: What the run is called; W&B makes a name up otherwise.
        group: Of which group it is, instead of its training's.
    """
    _stay_inside(paths.wandb)
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
    """Return W&B's mode: `WANDB_MODE` if set, online for those who are logged in, else offline."""
    if mode := os.environ.get("WANDB_MODE"):
        return mode
    os.environ.pop("WANDB_MODE", None)  # W&B itself refuses an empty one
    return "online" if os.environ.get("WANDB_API_KEY") or _logged_in() else "offline"


def training_id(paths: Paths) -> str:
    """Return what the runs of one training share: a short hash of params.yaml and the commit, where there is one."""
    settings = paths.params.read_bytes() if paths.params.is_file() else b""
    return hashlib.sha256(settings + _commit(paths.root)).hexdigest()[:8]


def _start(**options: Any) -> Any:
    """Start a run; offline after all, with a line about it, where the server cannot be reached."""
    import wandb  # noqa: PLC0415  reads its folders from the environment when it is imported

    settings: dict[str, Any] = {"silent": True, "console": "off", "x_disable_stats": True}
    if "WANDB_INIT_TIMEOUT" not in os.environ:
        settings["init_timeout"] = INIT_SECONDS
    options["mode"] = wandb_mode()
    try:
        return wandb.init(**options, settings=wandb.Settings(**settings))
    except wandb.errors.CommError as error:
        if options["mode"] != "online":
            raise
        reason = str(error).partition("\n")[0]
        say(f"W&B does not answer, so this run is kept offline; `wandb sync` sends it later ({escape(reason)})")
    return wandb.init(**options | {"mode": "offline"}, settings=wandb.Settings(**settings))


def _commit(folder: Path) -> bytes:
    if shutil.which("git") is None:
        return b""
    return subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, check=False).stdout


def _logged_in() -> bool:
    """Return whether `wandb login` has kept a key for the server that is in use."""
    try:
        keys = netrc.netrc(_netrc_file())
    except (OSError, netrc.NetrcParseError):
        return False
    entries = (keys.authenticators(host) for host in _hosts())
    return any(entry and entry[2] for entry in entries)


def _netrc_file() -> Path:
    """Return the file into which `wandb login` writes keys (wandb/sdk/lib/wbauth/wbnetrc.py)."""
    if named := os.environ.get("NETRC"):
        return Path(named).expanduser()
    usual, windows = Path.home() / ".netrc", Path.home() / "_netrc"
    return windows if windows.is_file() and not usual.is_file() else usual


def _hosts() -> list[str]:
    """Return the names under which a key counts: the server that was chosen, or else W&B's own."""
    if chosen := os.environ.get("WANDB_BASE_URL") or _server_of_login():
        return [urlsplit(chosen).netloc]
    import wandb  # noqa: PLC0415

    return [urlsplit(wandb.Settings().base_url).netloc, OWN_HOST]


def _server_of_login() -> str | None:
    """Return the server that `wandb login --host` wrote into W&B's settings."""
    folder = Path(os.environ.get("WANDB_CONFIG_DIR") or Path.home() / ".config/wandb")
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(folder.expanduser() / "settings")
    except (OSError, configparser.Error):
        return None
    return parser.get("default", "base_url", fallback=None)


def _stay_inside(folder: Path) -> None:
    """Keep W&B's cache and staged artifacts beside its runs instead of in the home folder.

    Not its settings: they are only read, and hold the server that the user logged in to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR"):
        os.environ.setdefault(name, str((folder / name.removeprefix("WANDB_").removesuffix("_DIR").lower()).resolve()))
