"""What the run of `evaluate` contains, read back from the file of an offline run."""

import json

import pandas as pd
import pytest

from agelens.pipeline.tracking.evaluation import ROW_COLUMNS, SUMMARY, log_evaluation, row_table
from agelens.pipeline.tracking.run import Run
from tests.factories import FIVE_GROUPS
from tests.models.prediction_tables import predictions_of
from tests.pipeline.tracking.wandb_file import run_offline, stored_runs


def test_rows_name_their_groups_and_errors():
    table = predictions_of([(20, 20, 24), (40, 40, 35.5), (25, 32, 28)])
    rows = row_table(table, groups=FIVE_GROUPS.names)
    assert list(rows.columns) == list(ROW_COLUMNS)
    assert rows["error"].tolist()[:2] == [4.0, -4.5]
    assert rows["band"].tolist() == ["20-29", "40-49", "20-29"]
    assert set(rows["age_group"]) <= set(FIVE_GROUPS.names)


def test_a_disabled_run_logs_nothing():
    table = predictions_of([(20, 20, 24)])
    log_evaluation(Run(None), table, pd.DataFrame(), overall={}, groups=FIVE_GROUPS.names, crops={})


JOB = """
from pathlib import Path
import numpy as np
from agelens.models.evaluation.headline import overall_metrics
from agelens.models.evaluation.slices import by_slice
from agelens.pipeline.config.params import Params
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.tracking.evaluation import log_evaluation
from agelens.pipeline.tracking.runs import tracked_run
from tests.factories import FIVE_GROUPS
from tests.models.prediction_tables import predictions_of
from tests.pipeline.demo_settings import DEMO

rng = np.random.default_rng(1)
ages = rng.integers(1, 90, size=40).astype(float)
table = predictions_of([(age, age, age + error) for age, error in zip(ages, rng.uniform(-1, 5, 40), strict=True)])
slices = by_slice(table, resamples=10)
overall = overall_metrics(slices, baseline=10.0)
params = Params.model_validate({**DEMO, "report": {**DEMO["report"], "show_faces": False}})
with tracked_run("evaluate", params=params, paths=Paths(Path())) as tracked:
    log_evaluation(tracked, table, slices, overall=overall, groups=FIVE_GROUPS.names, crops={})
print(overall["mae"])
"""


def test_an_offline_run_holds_rows_groups_slices_and_the_summary(tmp_path):
    output = run_offline(JOB, tmp_path)
    (stored,) = stored_runs(tmp_path)
    logged = {key for record in stored.history for key in record}
    for name in ("rows", "slices", "age groups", "predicted against true age", "coverage by band"):
        assert any(key.startswith(f"test/{name}") for key in logged), name
    assert stored.summary["test/mae"] == pytest.approx(float(output.split()[-1]))
    assert sum(key.startswith("test/") and key.removeprefix("test/") in SUMMARY for key in stored.summary) >= 10
    (rows,) = list(stored.folder.glob("files/media/table/test/rows*.json"))
    content = json.loads(rows.read_text())
    assert content["columns"] == list(ROW_COLUMNS)
    assert len(content["data"]) == 40
    assert not list(stored.folder.glob("files/media/images/*"))
