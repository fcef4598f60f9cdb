"""A section of params.yaml and the dataclass that is built from it agree in names, types and defaults."""

from dataclasses import MISSING, dataclass, fields
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

from agelens.data_prep.batches.augment import STRENGTH_LIMITS, Augmentation
from agelens.data_prep.faces.crop import CropShape
from agelens.data_prep.faces.crop_manifest import FaceLimits
from agelens.models.network.heads import HeadConfig
from agelens.models.training.objective import Objective
from agelens.models.training.phases import PhaseConfig
from agelens.pipeline.config.from_section import from_section
from agelens.pipeline.config.sections import Augment, CropFaces, Loss, Model, Phase, Phase1, Section

PAIRS = [
    (Augment, Augmentation, set()),
    (CropFaces, CropShape, set()),
    (CropFaces, FaceLimits, set()),
    (Loss, Objective, set()),
    (Model, HeadConfig, {"attributes"}),
    (Phase, PhaseConfig, set()),
]
"""Section, dataclass, and the fields that are not settings of this name."""


@dataclass(frozen=True)
class Speed:
    epochs: int
    learning_rate: float
    share: float = 0.5


def plain(annotation: Any) -> Any:
    """Return a type without pydantic's limits; the type of its values for a `Literal`."""
    if get_origin(annotation) is Literal:
        return type(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return Union[tuple(plain(each) for each in get_args(annotation))]  # noqa: UP007  from a tuple
    return annotation


def choices(annotation: Any) -> set[Any]:
    """Return the values of a `Literal`; none for another type."""
    return set(get_args(annotation)) if get_origin(annotation) is Literal else set()


@pytest.mark.parametrize(("section", "kind", "others"), PAIRS)
def test_fields_are_settings_of_one_type(section: type[Section], kind: Any, others: set[str]) -> None:
    hints = get_type_hints(kind)
    wanted = {each.name: hints[each.name] for each in fields(kind) if each.name not in others}
    assert wanted.keys() <= section.model_fields.keys()
    given = {name: section.model_fields[name].annotation for name in wanted}
    assert {name: plain(each) for name, each in given.items()} == {name: plain(each) for name, each in wanted.items()}


@pytest.mark.parametrize(("section", "kind", "others"), PAIRS)
def test_literals_are_those_of_the_dataclass(section: type[Section], kind: Any, others: set[str]) -> None:
    hints = get_type_hints(kind)
    wanted = {name: choices(hint) for name, hint in hints.items() if name not in others and choices(hint)}
    assert {name: choices(section.model_fields[name].annotation) for name in wanted} == wanted


@pytest.mark.parametrize(("section", "kind", "others"), PAIRS)
def test_defaults_are_those_of_the_dataclass(section: type[Section], kind: Any, others: set[str]) -> None:
    settings = section.model_fields
    defaults = {each.name: each.default for each in fields(kind) if each.name not in others}
    optional = {name: settings[name].default for name in defaults if not settings[name].is_required()}
    assert optional == {name: defaults[name] for name in optional}
    assert MISSING not in optional.values()


def test_dataclass_takes_settings_of_its_names_and_other_values() -> None:
    section = Phase1(epochs=3, learning_rate=0.01, batch_size=2)
    assert from_section(Speed, section, share=0.1) == Speed(3, 0.01, 0.1)


def test_missing_setting_is_an_error() -> None:
    with pytest.raises(AttributeError, match="share"):
        from_section(Speed, Phase1(epochs=3, learning_rate=0.01, batch_size=2))


def test_limits_are_those_of_strengths() -> None:
    assert STRENGTH_LIMITS.keys() < Augment.model_fields.keys()
