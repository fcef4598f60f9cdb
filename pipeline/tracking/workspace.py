"""The saved workspace of W&B: the panels that runs of this project are read by, created once and then updated."""

import contextlib
import io
import os
from collections.abc import Sequence
from typing import Any

from rich.markup import escape

from agelens.data_prep.core.age_bands import BAND_NAMES
from agelens.data_prep.core.atomic import write_json
from agelens.pipeline.config.paths import Paths
from agelens.pipeline.progress import say
from agelens.pipeline.tracking.executions import read_state, state_file

NAME = "agelens"

CURVES: dict[str, tuple[str, ...]] = {
    "MAE, years": ("age_mae", "val_age_mae"),
    "CS@5": ("age_cs5", "val_age_cs5"),
    "Loss": ("loss", "val_loss"),
    "Loss of each output, validation": ("val_loss/age", "val_loss/age_group", "val_loss/age_distribution"),
    "Accuracy of the age group": ("age_group_accuracy", "val_age_group_accuracy"),
    "Learning rate": ("learning_rate",),
    "Phase": ("phase",),
}
"""Figures by epoch, by the title of their panel."""

BANDS = tuple(f"val_mae/{band}" for band in BAND_NAMES)
"""Figures of the panel of age bands."""

FIGURES: dict[str, tuple[str, ...]] = {
    "Evaluation": ("test/mae", "test/cs5", "test/bias", "test/group_accuracy", "test/coverage", "test/width_median"),
    "Calibration": ("calibration/temperature", "calibration/mae/corrected", "calibration/coverage"),
    "Data": ("crops/faces", "crops/rejected", "eda/labels/rows", "eda/ages/mean", "eda/ages/band_imbalance"),
    "Search": ("best/val_age_mae", "untuned"),
}
"""Figures of the summary, by the section of their panels."""

TABLES: dict[str, tuple[str, ...]] = {
    "Evaluation": ("test/rows", "test/slices"),
    "Calibration": ("calibration/coverage by source",),
    "Data": ("crops/counts", "split/rows", "eda/flow", "eda/flags"),
    "Search": ("trials", "retrained"),
}

CHARTS: dict[str, tuple[tuple[str, str, dict[str, str]], ...]] = {
    "Evaluation": (
        (
            "test/age groups",
            "wandb/confusion_matrix/v1",
            {"Actual": "Actual", "Predicted": "Predicted", "nPredictions": "nPredictions"},
        ),
        ("test/predicted against true age", "wandb/scatter/v0", {"x": "true_age", "y": "age"}),
        ("test/coverage by band", "wandb/bar/v0", {"label": "band", "value": "coverage"}),
    ),
    "Data": (("eda/labelled ages", "wandb/bar/v0", {"label": "age", "value": "rows"}),),
}
"""Charts that runs log: their key, W&B's preset, and the columns of their table."""

SHEETS = {"Data": ("crops/contact sheet",)}

COLUMNS = ("val_age_mae", "test/mae", "test/cs5", "test/coverage")
"""Columns of the list of runs."""


def save_workspace(paths: Paths) -> str | None:
    """Create the workspace, or update our sections of the one that this project has created; the rest of it stays.

    Returns:
        Its address; None if the server did not save it, which is printed.
    """
    printed = io.StringIO()
    try:
        with contextlib.redirect_stderr(printed):  # W&B reports the address, and every error twice
            return _save(paths)
    except Exception as error:  # W&B's client raises errors of many kinds, without a common base
        say(f"W&B did not save a workspace ({escape(' '.join(str(error).split()))})")
        return None


def _save(paths: Paths) -> str:
    import wandb  # noqa: PLC0415
    import wandb_workspaces.workspaces as ws  # noqa: PLC0415

    project = os.environ.get("WANDB_PROJECT", "agelens")
    place = {"entity": os.environ.get("WANDB_ENTITY") or wandb.Api().default_entity, "project": project}
    file = state_file(paths, "workspace")
    stored = read_state(file) or {}
    workspace = _find(stored["address"]) if {name: stored.get(name) for name in place} == place else None
    if workspace is None:
        settings = ws.WorkspaceSettings(x_axis="epoch")
        workspace = ws.Workspace(**place, name=NAME, settings=settings, runset_settings=_runs())
    ours = _sections()
    names = {section.name for section in ours}
    workspace.sections = [*ours, *(section for section in workspace.sections if section.name not in names)]
    workspace.save()
    address = str(workspace.url)
    write_json(file, {**place, "address": address})
    return address


def _find(address: str) -> Any:
    """Return a saved workspace, or None if it has been deleted."""
    import wandb_workspaces.workspaces as ws  # noqa: PLC0415

    try:
        return ws.Workspace.from_url(address)
    except ValueError:
        return None


def _runs() -> Any:
    """Return the list of runs: by execution and stage, so that trials of a search do not hide its training."""
    import wandb_workspaces.workspaces as ws  # noqa: PLC0415

    return ws.RunsetSettings(
        groupby=[ws.Metric("Group"), ws.Metric("JobType")], pinned_columns=[f"summary:{name}" for name in COLUMNS]
    )


def _sections() -> list[Any]:
    import wandb_workspaces.reports.v2 as wr  # noqa: PLC0415
    import wandb_workspaces.workspaces as ws  # noqa: PLC0415

    curves = [
        wr.LinePlot(title=title, x="epoch", y=list(keys), log_y=title == "Learning rate")
        for title, keys in CURVES.items()
    ]
    bands = wr.LinePlot(title="Validation MAE by age band, years", x="epoch", y=list(BANDS))
    others = [
        ws.Section(name=name, panels=_panels(name, figures), is_open=name == "Evaluation")
        for name, figures in FIGURES.items()
    ]
    return [ws.Section(name="Training", panels=[*curves, bands], is_open=True), *others]


def _panels(section: str, figures: Sequence[str]) -> list[Any]:
    """Return the panels of a section: its figures, charts, sheets and tables."""
    import wandb_workspaces.reports.v2 as wr  # noqa: PLC0415

    charts = [
        wr.CustomChart(
            query={"summaryTable": {"tableKey": f"{key}_table"}},
            chart_name=preset,
            chart_fields=fields,
            chart_strings={"title": key},
        )
        for key, preset, fields in CHARTS.get(section, ())
    ]
    return [
        *(wr.ScalarChart(title=key, metric=key) for key in figures),
        *charts,
        *(wr.MediaBrowser(media_keys=[key]) for key in SHEETS.get(section, ())),
        *(wr.WeavePanelSummaryTable(table_name=key) for key in TABLES.get(section, ())),
    ]
