"""params.yaml as typed and checked values, with a section for each stage."""

import reprlib
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from agelens.data_prep.core.errors import ParamsError
from agelens.data_prep.core.labels import AgeGroups
from agelens.pipeline.config.sections.data import (
    Augment,
    BuildManifest,
    CropFaces,
    Deduplicate,
    Eda,
    LocatePoints,
    Rebalance,
    Source,
    Split,
)
from agelens.pipeline.config.sections.fields import Section, SourceName
from agelens.pipeline.config.sections.search import Tune
from agelens.pipeline.config.sections.training import (
    CacheFeatures,
    Calibrate,
    Evaluate,
    Export,
    Loss,
    Model,
    Report,
    Train,
)
from agelens.pipeline.config.yaml_file import read_yaml

MAX_SHOWN = 100
"""Characters of a wrong value that a message shows; aliases in YAML can make a value of millions."""


class Params(Section):
    """The whole of params.yaml."""

    seed: int = Field(ge=0, lt=2**31)
    age_groups: list[int]
    sources: dict[SourceName, Source] = Field(min_length=1)
    build_manifest: BuildManifest
    crop_faces: CropFaces
    locate_points: LocatePoints = LocatePoints()
    deduplicate: Deduplicate
    split: Split
    rebalance: Rebalance
    augment: Augment
    model: Model
    loss: Loss
    cache_features: CacheFeatures
    tune: Tune
    train: Train
    calibrate: Calibrate
    evaluate: Evaluate
    eda: Eda = Eda()
    report: Report = Report()
    export: Export

    @model_validator(mode="before")
    @classmethod
    def _name_readers(cls, content: Any) -> Any:
        """Use the name of a source as its reader, so that `utkface: {path: ...}` is enough."""
        if isinstance(content, dict) and isinstance(content.get("sources"), dict):
            sources = {
                name: {"reader": name, **source} if isinstance(source, dict) else source
                for name, source in content["sources"].items()
            }
            return {**content, "sources": sources}
        return content

    @field_validator("age_groups")
    @classmethod
    def _check_age_groups(cls, first_ages: list[int]) -> list[int]:
        try:
            AgeGroups(tuple(first_ages))
        except ParamsError as error:
            msg = "needs the first ages of at least two groups, ascending from 0 to at most 100"
            raise ValueError(msg) from error
        return first_ages

    @model_validator(mode="after")
    def _check_zero_shot(self) -> Self:
        """Require that zero-shot sources exist, and that another one is left for training."""
        if unknown := set(self.split.zero_shot) - set(self.sources):
            msg = f"split.zero_shot must name sources ({', '.join(self.sources)}), not {', '.join(sorted(unknown))}"
            raise ValueError(msg)
        if set(self.split.zero_shot) == set(self.sources):
            msg = "split.zero_shot must leave a source for training"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _check_views(self) -> Self:
        """Require a view for each repeat of a row in an epoch."""
        copies = self.rebalance.copies
        given = {"cache_features.views": self.cache_features.views, "train.phase2.views": self.train.phase2.views}
        if few := [f"{name} {views}" for name, views in given.items() if views < copies]:
            msg = f"views must be at least rebalance.copies ({copies}), not {', '.join(few)}"
            raise ValueError(msg)
        return self


def read_params(path: Path) -> Params:
    """Read and check a params file.

    Raises:
        ParamsError: It is missing, is not YAML, or has unknown keys or invalid values, which the message names.
    """
    if not path.is_file():
        msg = f"There is no {path}; run the command in a checkout of agelens, or `agelens use NAME` to choose settings."
        raise ParamsError(msg)
    try:
        return Params.model_validate(read_yaml(path))
    except ValidationError as error:
        faults = "; ".join(_describe(fault) for fault in error.errors()[:5])
        msg = f"{path}: {faults}"
        raise ParamsError(msg) from error


def _describe(fault: Any) -> str:
    place = ".".join(str(part) for part in fault["loc"]).replace("\n", " ") or "the whole file"
    if fault["type"] == "extra_forbidden":
        return f"{place} is not a parameter (misspelt?)"
    section = isinstance(fault["input"], dict) and fault["input"]
    received = "" if section else f", received {_shown(fault['input'])}"
    return f"{place}: {fault['msg'].removeprefix('Value error, ')}{received}"


def _shown(value: Any) -> str:
    """Return a value as text of at most `MAX_SHOWN` characters, without building the text of a huge one."""
    short = reprlib.Repr()
    short.maxlevel, short.maxstring, short.maxlong = 3, 60, 40
    text = short.repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 3]}..."
