"""Whether W&B runs are online or offline, by the credentials that are found without network; what is refused."""

import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from wandb.sdk import wandb_setup
from wandb.sdk.lib.wbauth import write_netrc_auth

from agelens.data_prep.core.errors import ParamsError
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.tracking.modes import check_tracking, wandb_mode
from tests.locations import ROOT

KEY = "k" * 40
COMPANY = "http://wandb.company:8080"


def write_key(file: Path, host: str, key: str = KEY) -> None:
    file.write_text(f"machine {host} login user password {key}\n")


def write_settings(home: Path, **values: str) -> None:
    file = home / ".config/wandb/settings"
    file.parent.mkdir(parents=True)
    file.write_text("[default]\n" + "".join(f"{name} = {value}\n" for name, value in values.items()))


def test_runs_are_offline_without_credentials(home):
    assert wandb_mode() == "offline"


def test_runs_are_online_with_a_key_in_the_environment(home, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    assert wandb_mode() == "online"


def test_runs_are_online_with_a_key_in_a_settings_file(home):
    write_settings(home, api_key=KEY)
    assert wandb_mode() == "online"


@pytest.mark.parametrize(("host", "mode"), [("api.wandb.ai", "online"), ("localhost", "offline")])
@pytest.mark.parametrize("name", [".netrc", "_netrc"])
def test_runs_are_online_with_a_key_of_the_default_server_in_netrc(name, host, mode, home):
    write_key(home / name, host)
    assert wandb_mode() == mode


@pytest.mark.parametrize("text", ["machine api.wandb.ai what is this", "machine api.wandb.ai login user\n"])
def test_a_netrc_file_without_a_key_is_no_login(text, home, capfd):
    (home / ".netrc").write_text(text)
    assert wandb_mode() == "offline"
    assert capfd.readouterr() == ("", "")


def test_a_malformed_key_counts_as_a_login_so_that_wandb_reports_it(home):
    write_key(home / ".netrc", "api.wandb.ai", key="short")
    assert wandb_mode() == "online"


def test_the_variable_netrc_names_the_file(home, monkeypatch):
    write_key(home / "keys", "api.wandb.ai")
    assert wandb_mode() == "offline"
    monkeypatch.setenv("NETRC", "~/keys")
    assert wandb_mode() == "online"


@pytest.mark.parametrize(("host", "mode"), [("wandb.company:8080", "online"), ("api.wandb.ai", "offline")])
@pytest.mark.parametrize("source", ["environment", "settings file"])
def test_only_a_key_of_the_configured_server_counts(source, host, mode, home, monkeypatch, capfd):
    write_key(home / ".netrc", host)
    if source == "environment":
        monkeypatch.setenv("WANDB_BASE_URL", COMPANY)
    else:
        write_settings(home, base_url=COMPANY)
    assert wandb_mode() == mode
    assert capfd.readouterr() == ("", "")


def test_the_login_of_the_installed_wandb_is_found(home):
    write_netrc_auth(host=wandb_setup.singleton().settings.base_url, api_key=KEY)  # as `wandb login` does
    assert wandb_mode() == "online"


def test_credentials_are_found_without_network(home, monkeypatch):
    def connect(*_: Any) -> None:
        msg = "a connection to a server"
        raise AssertionError(msg)

    write_settings(home, base_url=COMPANY)
    write_key(home / ".netrc", "wandb.company:8080")
    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(subprocess, "Popen", connect)  # W&B connects in a process of its own
    assert wandb_mode() == "online"


def test_an_empty_mode_counts_as_unset(home, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "")
    assert wandb_mode() == "offline"
    assert "WANDB_MODE" not in os.environ  # W&B rejects an empty value


@pytest.mark.parametrize("mode", ["ofline", "Online", "dryrun"])
def test_a_misspelt_mode_is_refused(mode, home, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", mode)
    with pytest.raises(ParamsError, match=f"online, offline or disabled. Received: {mode}"):
        check_tracking(Paths(home))


def test_online_without_a_key_is_refused(home, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "online")
    with pytest.raises(ParamsError, match="WANDB_MODE=online needs a key"):
        check_tracking(Paths(home))
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    check_tracking(Paths(home))


def test_a_file_in_place_of_the_folder_of_runs_is_refused(home, monkeypatch):
    (home / "wandb").write_text("notes")
    with pytest.raises(ParamsError, match=r"written to the folder .*/wandb, but there is a file"):
        check_tracking(Paths(home))
    monkeypatch.setenv("WANDB_MODE", "disabled")
    check_tracking(Paths(home))


@pytest.mark.parametrize("words", [("run", "split"), ("tune",), ("protocol", "synthetic")])
def test_commands_refuse_before_any_work(words, folder, agelens, monkeypatch):
    (folder / "params.yaml").write_text((ROOT / "params/demo.yaml").read_text())
    monkeypatch.setenv("WANDB_MODE", "ofline")
    status, _, err = agelens(*words)
    assert (status, err) == (1, "agelens: WANDB_MODE must be online, offline or disabled. Received: ofline.\n")
    assert [path.name for path in folder.iterdir()] == ["params.yaml"]
