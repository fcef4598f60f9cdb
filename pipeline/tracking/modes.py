"""Whether runs are logged, and where to: decided and checked before any work starts, without a connection."""

import contextlib
import io
import os
from typing import Literal, cast, get_args

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.config.paths import Paths

Mode = Literal["online", "offline", "disabled"]
MODES: tuple[str, ...] = get_args(Mode)


def check_tracking(paths: Paths) -> None:
    """Check what would stop a run only after hours of work.

    Raises:
        ParamsError: `WANDB_MODE` is no mode, it is `online` without a key, or a file is in place of the folder of runs.
    """
    mode = os.environ.get("WANDB_MODE") or None
    if mode is not None and mode not in MODES:
        msg = f"WANDB_MODE must be {', '.join(MODES[:-1])} or {MODES[-1]}. Received: {mode}."
        raise ParamsError(msg)
    if mode == "disabled":
        return
    if paths.wandb.exists() and not paths.wandb.is_dir():
        msg = f"W&B runs are written to the folder {paths.wandb.resolve()}, but there is a file. Rename the file."
        raise ParamsError(msg)
    if mode == "online" and not os.environ.get("WANDB_API_KEY") and not has_credentials():
        msg = "WANDB_MODE=online needs a key. Run `wandb login`, or set WANDB_MODE to offline."
        raise ParamsError(msg)


def wandb_mode() -> Mode:
    """Return the mode of W&B: `WANDB_MODE` if it is set, online if W&B has credentials, else offline."""
    if mode := os.environ.get("WANDB_MODE"):
        return cast(Mode, mode)
    os.environ.pop("WANDB_MODE", None)  # W&B rejects an empty value
    return "online" if os.environ.get("WANDB_API_KEY") or has_credentials() else "offline"


def has_credentials() -> bool:
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
