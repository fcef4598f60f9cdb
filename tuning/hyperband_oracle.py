"""Who deals the trials of a search: Keras Tuner's Hyperband, made to lose and repeat none when it is killed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras_tuner as kt

from agelens.data_prep.core.atomic import replacing
from agelens.tuning.search_progress import Standing, standing_of


class HyperbandDealer(kt.oracles.HyperbandOracle):  # type: ignore[misc]
    """Hyperband's oracle, whose files are whole at every moment and which never repeats a finished trial."""

    def __init__(self, *, standing: Callable[[Standing], None], **options: Any) -> None:
        super().__init__(**options)
        self._standing = standing
        self.trials: dict[str, Any]
        self._retry_queue: list[str]

    def save(self) -> None:
        """Write the state, whole or not at all."""
        with replacing(Path(self._get_oracle_fname())) as temporary:
            temporary.write_text(json.dumps(self.get_state()))

    def _save_trial(self, trial: Any) -> None:
        with replacing(Path(self._get_trial_dir(trial.trial_id)) / "trial.json") as temporary:
            trial.save(str(temporary))

    def reload(self) -> None:
        """Read the state; trials that were cut off while they were dealt are forgotten, finished ones not retried."""
        super().reload()
        self.trials = {name: self.trials[name] for name in self.start_order}
        waiting = dict.fromkeys(self._retry_queue)
        self._retry_queue = [name for name in waiting if self.trials[name].status not in {"COMPLETED", "FAILED"}]

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Choose values; Keras Tuner names the newest bracket where workers promote a trial of an older one."""
        response: dict[str, Any] = super().populate_space(trial_id)
        values = response.get("values") or {}
        if parent := values.get("tuner/trial_id"):
            values["tuner/bracket"] = self.trials[parent].hyperparameters.get("tuner/bracket")
        return response

    @kt.synchronized  # type: ignore[untyped-decorator]
    def end_trial(self, trial: Any) -> None:
        """End a trial, and save once more: Keras Tuner saves while it still counts the trial among the running."""
        super().end_trial(trial)
        self.save()
        self._standing(standing_of(self.trials.values()))
