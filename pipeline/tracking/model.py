"""What the W&B runs of the stages on the trained network show: `calibrate` and `export`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from agelens.models.calibration.fit import CalibrationFit
from agelens.pipeline.tracking.run import Run


def log_calibration(tracked: Run, fitted: CalibrationFit, by_source: pd.DataFrame) -> None:
    """Log what the steps of a calibration changed on the validation split, and its coverage of each source.

    Args:
        tracked: The run of `calibrate`.
        fitted: The calibration and its effect.
        by_source: As `agelens.models.calibration.coverage.coverage_by_source` returns it.
    """
    correction, faces = fitted.correction, by_source["faces"]
    tracked.summarise(
        {
            "calibration/faces": int(faces.sum()),
            "calibration/temperature": fitted.calibration.temperature,
            "calibration/mae/raw": fitted.temperature_mae[0],
            "calibration/mae/tempered": fitted.temperature_mae[1],
            "calibration/mae/corrected": correction.mae[1],
            "calibration/end_bias/before": correction.end_bias[0],
            "calibration/end_bias/after": correction.end_bias[1],
            "calibration/strength": correction.strength,
            "calibration/coverage": float((by_source["coverage"] * faces).sum() / faces.sum()),
        }
    )
    tracked.log_table("calibration/coverage by source", by_source.round(4))


def log_export(tracked: Run, card: Mapping[str, Any], differences: Mapping[str, float], *, folder: Path) -> None:
    """Log how much an exported model differs from Keras, its size, and the metrics on its card.

    Args:
        tracked: The run of `export`.
        card: The content of its model.json.
        differences: The mean difference of each output.
        folder: Of the model.
    """
    tracked.summarise(
        {
            "export/name": card["name"],
            "export/precision": card["precision"],
            "export/megabytes": sum(file.stat().st_size for file in folder.iterdir()) / 1e6,
            **{f"export/difference/{name}": value for name, value in differences.items()},
            **{f"test/{name}": value for name, value in card["test_metrics"].items() if value is not None},
        }
    )
