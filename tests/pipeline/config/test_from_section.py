"""Sections of params.yaml agree with the code that takes their settings: names, types, choices and defaults."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

from agelens.data_prep.batches.augment import STRENGTH_LIMITS, Augmentation
from agelens.data_prep.batches.camera import CameraAugmentation
from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.crop_manifest import FaceLimits
from agelens.data_prep.splits.dedup import find_photos, resolve_duplicates
from agelens.data_prep.splits.rebalance import rebalance_table
from agelens.models.network.backbones import BACKBONES
from agelens.models.network.heads import HeadConfig
from agelens.models.training.objective import Objective
from agelens.models.training.phases import PhaseConfig
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.sections.data import Augment, Camera, CropFaces, Deduplicate, Rebalance
from agelens.pipeline.config.sections.fields import Section
from agelens.pipeline.config.sections.training import Loss, Model, Phase

TAKERS: list[tuple[type[Section], Callable[..., Any], set[str]]] = [
    (Augment, Augmentation, {"camera"}),
    (Camera, CameraAugmentation, set()),
    (CropFaces, CropShape, set()),
    (CropFaces, FaceLimits, set()),
    (Deduplicate, find_photos, {"faces"}),
    (Deduplicate, resolve_duplicates, set()),
    (Loss, Objective, set()),
    (Model, HeadConfig, set()),
    (Phase, PhaseConfig, set()),
    (Rebalance, rebalance_table, {"seed"}),
]
"""Section, the dataclass or function that takes its settings, and arguments that are no settings of this section."""

each_taker = pytest.mark.parametrize(("section", "taker", "others"), TAKERS)


@dataclass(frozen=True)
class Speed:
    epochs: int
    learning_rate: float
    share: float = 0.5


def arguments_of(taker: Callable[..., Any], others: set[str]) -> dict[str, Any]:
    """Return the keyword arguments and their defaults."""
    arguments = inspect.signature(taker).parameters.values()
    fields = isinstance(taker, type)
    return {
        each.name: each.default
        for each in arguments
        if each.name not in others and (fields or each.kind is each.KEYWORD_ONLY)
    }


def plain(annotation: Any) -> Any:
    """Return a type without limits and choices: for a `Literal` the type of its values."""
    if get_origin(annotation) is Literal:
        return type(get_args(annotation)[0])
    if get_origin(annotation) is Annotated:
        return plain(get_args(annotation)[0])
    if get_origin(annotation) is tuple:
        return tuple[tuple(plain(each) for each in get_args(annotation))]  # type: ignore[misc]
    if get_origin(annotation) is dict:
        return dict[tuple(plain(each) for each in get_args(annotation))]  # type: ignore[misc]
    if get_origin(annotation) in (Union, UnionType):
        return Union[tuple(plain(each) for each in get_args(annotation))]  # noqa: UP007  from a tuple
    return annotation


def choices(annotation: Any) -> set[Any]:
    """Return the values of a `Literal`; none for another type."""
    return set(get_args(annotation)) if get_origin(annotation) is Literal else set()


@each_taker
def test_arguments_are_settings_of_the_same_type(
    section: type[Section], taker: Callable[..., Any], others: set[str]
) -> None:
    names, hints = arguments_of(taker, others), get_type_hints(taker)
    assert names.keys() <= section.model_fields.keys()
    given = {name: plain(section.model_fields[name].annotation) for name in names}
    assert given == {name: plain(hints[name]) for name in names}


@each_taker
def test_choices_are_those_of_the_code(section: type[Section], taker: Callable[..., Any], others: set[str]) -> None:
    hints = get_type_hints(taker)
    known = {name: choices(hints[name]) for name in arguments_of(taker, others) if choices(hints[name])}
    assert {name: choices(section.model_fields[name].annotation) for name in known} == known


@each_taker
def test_defaults_are_those_of_the_code(section: type[Section], taker: Callable[..., Any], others: set[str]) -> None:
    defaults, settings = arguments_of(taker, others), section.model_fields
    optional = {name: settings[name].default for name in defaults if not settings[name].is_required()}
    assert optional == {name: defaults[name] for name in optional}


def test_backbones_are_those_of_the_registry() -> None:
    assert choices(Model.model_fields["backbone"].annotation) == BACKBONES.keys()


def test_limited_strengths_are_settings() -> None:
    assert STRENGTH_LIMITS.keys() < Augment.model_fields.keys()


def test_dataclass_takes_settings_of_its_names_and_other_values() -> None:
    section = Phase(epochs=3, learning_rate=0.01, batch_size=2)
    assert from_section(Speed, section, share=0.1) == Speed(3, 0.01, 0.1)


def test_missing_setting_is_an_error() -> None:
    with pytest.raises(AttributeError, match="share"):
        from_section(Speed, Phase(epochs=3, learning_rate=0.01, batch_size=2))
