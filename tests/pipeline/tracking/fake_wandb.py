"""A W&B without files and server, which records its calls, and can fail in the ways of its server."""

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


class WandbError(Exception):
    """Base of the errors of W&B."""


class CommError(WandbError):
    """W&B's server does not respond."""


class AuthenticationError(CommError):
    """W&B's server does not accept the key."""


class UsageError(WandbError):
    """W&B was called wrongly."""


class FakeRun:
    """Records the calls of a run."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.id, self.offline = options["id"], options["mode"] != "online"
        self.logged: list[tuple[dict[str, Any], int | None]] = []
        self.summary: dict[str, Any] = {}
        self.metrics: list[tuple[str, str | None]] = []
        self.exit_codes: list[int] = []
        self.artifacts: list[tuple[str, FakeArtifact, Any]] = []
        self.slow = False
        self.refused: Exception | None = None
        self.wait: Callable[[], Any] = lambda: None

    def define_metric(self, name: str, *, step_metric: str | None = None) -> None:
        self.metrics.append((name, step_metric))

    def log(self, values: dict[str, Any], *, step: int | None = None) -> None:
        self.logged.append((values, step))

    def log_artifact(self, artifact: "FakeArtifact", *, aliases: Any) -> None:
        self._declare("makes", artifact, aliases)

    def use_artifact(self, artifact: "FakeArtifact", *, aliases: Any) -> None:
        if self.offline:
            msg = "Cannot use artifact when in offline mode."
            raise TypeError(msg)
        self._declare("uses", artifact, aliases)

    def _declare(self, edge: str, artifact: "FakeArtifact", aliases: Any) -> None:
        self.wait()
        if self.refused:
            raise self.refused
        self.artifacts.append((edge, artifact, aliases))

    def finish(self, *, exit_code: int = 0) -> None:
        self.exit_codes.append(exit_code)
        if self.slow:
            msg = "upload"
            raise TimeoutError(msg)


def _chart(*_: Any, **options: Any) -> SimpleNamespace:
    return SimpleNamespace(**options)


class FakeArtifact:
    """Records the files of an artifact: the copies, and the addresses of references."""

    def __init__(self, name: str, type: str, metadata: dict[str, str]) -> None:
        self.name, self.type, self.metadata = name, type, metadata
        self.copies: dict[str, str] = {}
        self.references: dict[str, str] = {}

    def add_file(self, path: str, *, name: str) -> None:
        self.copies[name] = path

    def add_reference(self, address: str, *, name: str) -> None:
        self.references[name] = address


class FakeWandb(ModuleType):
    """Returns a `FakeRun` for each call of `init`, after raising the errors in `failures`, last first."""

    def __init__(self) -> None:
        super().__init__("wandb")
        self.runs: list[FakeRun] = []
        self.tried: list[str] = []
        self.failures: list[Exception] = []
        self.started: Callable[[], None] = lambda: None
        self.Settings = SimpleNamespace
        self.Artifact = FakeArtifact
        self.Image = self.Table = SimpleNamespace
        self.plot = SimpleNamespace(**dict.fromkeys(("bar", "confusion_matrix", "scatter"), _chart))
        self.errors = SimpleNamespace(
            Error=WandbError, CommError=CommError, AuthenticationError=AuthenticationError, UsageError=UsageError
        )

    @property
    def run(self) -> FakeRun:
        """The last run."""
        return self.runs[-1]

    @property
    def options(self) -> dict[str, Any]:
        """The arguments with which the last run was started."""
        return self.run.options

    def init(self, **options: Any) -> FakeRun:
        """Start a run."""
        self.tried.append(options["mode"])
        if self.failures:
            raise self.failures.pop()
        self.runs.append(FakeRun(options))
        self.started()
        return self.run


def use_fake_wandb(monkeypatch: pytest.MonkeyPatch) -> FakeWandb:
    """Replace W&B until the end of a test."""
    module = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", module)
    monkeypatch.setattr("agelens.pipeline.tracking.modes.has_credentials", lambda: False)
    return module
