"""The epochs of a trial are stored as they are, also where a training diverged."""

import pytest

from agelens.tuning.state_files import DamagedState
from agelens.tuning.trial_logs import read_curves, write_trial_log


def test_logs_are_stored_and_read(tmp_path):
    write_trial_log(tmp_path / "trial_1", [{"epoch": 3, "age_mae": 7.5, "val_age_mae": 8.0, "loss": 1.0}])
    write_trial_log(tmp_path / "trial_0", [{"epoch": 1, "age_mae": 9.0, "val_age_mae": float("nan")}])
    curves = read_curves(tmp_path, ["1", "0"])
    assert curves.astype(object).where(curves.notna(), None).to_numpy().tolist() == [
        ["0", 1, 9.0, None],
        ["1", 3, 7.5, 8],
    ]


@pytest.mark.parametrize("damage", [b"", b"{}", b"[1, 2", b'{"epochs": [], "sha256": "0"}'])
def test_a_damaged_log_is_refused(tmp_path, damage):
    for trial in ("0", "1"):
        write_trial_log(tmp_path / f"trial_{trial}", [{"epoch": 1, "age_mae": 9.0, "val_age_mae": 8.0}])
    (tmp_path / "trial_0" / "epochs.json").write_bytes(damage)
    with pytest.raises(DamagedState, match=r"trial_0.*epochs\.json"):
        read_curves(tmp_path, ["0", "1"])
