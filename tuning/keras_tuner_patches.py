"""Workarounds for Keras Tuner 1.4.8, so that a search can be stopped at any moment and resumed, by any process.

Each method names the upstream behaviour that it replaces. `tests/tuning/test_keras_tuner_patches.py` checks that
behaviour on Keras Tuner's own classes and fails when a release no longer has it; then remove the method. Two
workarounds lie elsewhere: `agelens.tuning.search` gives each search a folder of its own, because a resumed search
ignores changed options (issue 234), and `agelens.pipeline.search.processes` restarts processes, because memory grows
with each trial (issue 1031).
"""

import contextlib
import io
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras_tuner as kt

from agelens.data_prep.core.atomic import replacing, write_text
from agelens.tuning.state_files import read_hashed, with_hash

POLL_SECONDS = 0.2
"""Pause of a worker between two requests for a trial."""


class PatchedOracle(kt.Oracle):  # type: ignore[misc]
    """Base of all oracles: their files are always complete, and they repeat no finished trial.

    Combine it with one of Keras Tuner's oracles, which follows it in the list of bases.

    Args:
        seed: Seed of the random settings. Upstream draws a random seed if it is 0, so it is increased by 1.
        options: Further arguments of the oracle.

    `after_trial` is called after each trial of any process.
    """

    def __init__(self, *, seed: int, **options: Any) -> None:
        super().__init__(seed=seed + 1, **options)
        self.trials: dict[str, Any]
        self._retry_queue: list[str]
        self._run_times: dict[str, int]
        self.end_order: list[str]
        self.after_trial: Callable[[], None] = lambda: None

    def save(self) -> None:
        """Replace oracle.json atomically; upstream overwrites it in place, so a killed process can truncate it."""
        with replacing(Path(self._get_oracle_fname())) as temporary:
            state = self.get_state()
            # Upstream writes a set, whose order depends on how often the search was resumed.
            temporary.write_text(json.dumps(with_hash({**state, "tried_so_far": sorted(state["tried_so_far"])})))

    def _save_trial(self, trial: Any) -> None:
        """Replace trial.json atomically, with its hash; upstream overwrites it in place."""
        with replacing(Path(self._get_trial_dir(trial.trial_id)) / "trial.json") as temporary:
            temporary.write_text(json.dumps(with_hash(trial.get_state())))

    def reload(self) -> None:
        """Read the state, and correct what upstream would keep of a process that was killed.

        If the process was killed while a trial was being created, trial.json exists but oracle.json does not list the
        trial: upstream counts it, and its id is never used. If it was killed while a trial was ending, oracle.json
        lists the finished trial as running: upstream trains it again, and omits it from the order in which
        trials ended.

        Raises:
            DamagedState: A file cannot be read, or is not as it was written.
        """
        listed = read_hashed(Path(self._get_oracle_fname())).get("start_order", [])
        trials = {Path(self._project_dir) / f"trial_{name}" / "trial.json" for name in listed}
        for path in trials.union(Path(self._project_dir).glob("trial_*/trial.json")):
            read_hashed(path)
        super().reload()
        self.trials = {name: self.trials[name] for name in self.start_order}
        ended = [name for name, trial in self.trials.items() if trial.status in {"COMPLETED", "FAILED"}]
        self._retry_queue = [name for name in dict.fromkeys(self._retry_queue) if name not in ended]
        for name in ended:
            if name not in self.end_order:
                self.end_order.append(name)
                self._run_times[name] += 1

    @kt.synchronized  # type: ignore[untyped-decorator]
    def end_trial(self, trial: Any) -> None:
        """End a trial and save again; upstream saves only while the trial still counts as running."""
        super().end_trial(trial)
        self.save()
        self.after_trial()


class PatchedHyperbandOracle(PatchedOracle, kt.oracles.HyperbandOracle):  # type: ignore[misc]
    """Hyperband's oracle."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Choose a trial's values, with its parent's bracket for a promoted trial.

        Upstream records the newest bracket, which is another one when several workers train trials.
        """
        response: dict[str, Any] = super().populate_space(trial_id)
        values = response.get("values") or {}
        if parent := values.get("tuner/trial_id"):
            values["tuner/bracket"] = self.trials[parent].hyperparameters.get("tuner/bracket")
        return response


class PatchedTuner(kt.Hyperband):  # type: ignore[misc]
    """Keras Tuner's Hyperband tuner for a given oracle and model; the oracle states the epochs of each trial."""

    def __init__(self, oracle: PatchedOracle, model: kt.HyperModel, **options: Any) -> None:
        """Create the tuner; upstream's constructor accepts no oracle, and prints to stdout when it reloads a state."""
        with contextlib.redirect_stdout(io.StringIO()):
            super(kt.Hyperband, self).__init__(oracle=oracle, hypermodel=model, **options)

    @property
    def is_worker(self) -> bool:
        """Whether a chief in another process creates the trials."""
        return bool(self._is_worker())

    def _get_tuner_fname(self) -> str:
        """Return the same file name for a single process and a chief, so that either can resume the other's search.

        Upstream derives it from the tuner's id, and starts the search from scratch if the file does not exist.
        """
        name = self.tuner_id if self.is_worker else "tuner"
        return os.path.join(self.project_dir, f"{name}.json")  # noqa: PTH118  Keras Tuner requires a string

    def save(self) -> None:
        """Write the state atomically; the tuner's own file has no content, but upstream requires it for a reload."""
        if not self.is_worker:
            self.oracle.save()
        write_text(Path(self._get_tuner_fname()), "{}")

    def reload(self) -> None:
        """Read the state of the oracle; upstream also reads the tuner's own file, which has no content."""
        if not self.is_worker:
            self.oracle.reload()

    def _configure_tensorboard_dir(self, callbacks: Any, trial: Any, execution: int = 0) -> None:
        """Do nothing; upstream imports TensorBoard for every trial, which TensorFlow no longer installs."""

    def pre_create_trial(self) -> None:
        """Let a worker pause; upstream requests trials from an idle chief thousands of times a second."""
        if self.is_worker:
            time.sleep(POLL_SECONDS)
