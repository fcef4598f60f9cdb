"""The predictions table."""

import numpy as np

from agelens.data_prep.core.tables import PREDICTIONS, SPLIT, check_table, make_table
from agelens.models.calibration.calibration import Calibration
from agelens.models.evaluation.predictions_table import predictions_table
from agelens.models.serving.decoding import decode
from tests.models.prediction_tables import GROUPS


def test_predictions_table_joins_labels_and_predictions() -> None:
    row = dict.fromkeys(SPLIT.names, 0) | {
        "image_id": "set/a.jpg", "source": "set", "age": 20, "age_low": 18, "age_high": 22, "age_group": 1,
        "gender": "male", "ethnicity": None,
        "photo": "set/b.jpg", "group": "set:ann", "framing": "points",
    }  # fmt: skip
    outputs = {"age_group": np.array([[0.1, 0.2, 0.4, 0.2, 0.1]]), "age": np.array([[30.0]])}
    outputs |= {"ethnicity": np.array([[0.1, 0.2, 0.5, 0.1, 0.1]])}
    decoded = decode(outputs, calibration=Calibration(0.9, (), (6.0,)), groups=GROUPS)
    table = predictions_table(make_table([row], SPLIT), decoded)
    check_table(table, PREDICTIONS)
    expected = {"true_age": 20, "true_age_low": 18, "true_age_high": 22, "true_age_group": 1, "gender": "male"}
    expected |= {"photo": "set/b.jpg", "group": "set:ann", "framing": "points"}
    expected |= {"age": 30, "age_low": 24, "age_high": 36, "age_group": 2, "age_group_probability": 0.4}
    expected |= {"predicted_ethnicity": "Asian"}
    assert table.loc[0, list(expected)].to_dict() == expected
    assert table["predicted_gender"].isna().all()
