"""From a section of params.yaml to the dataclass that a library function takes."""

from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, cast, get_args, get_type_hints

from agelens.pipeline.config.sections.fields import Section

Built = TypeVar("Built")


def from_section(kind: type[Built], section: Section, **values: Any) -> Built:
    """Build a dataclass from the settings that have the names of its fields, and those in sections within it.

    Args:
        kind: The dataclass; tests/pipeline/config/test_from_section.py compares its fields with the section's.
        section: Holds a setting for each field that `values` leaves out; it may hold more.
        values: Fields that are not settings of this section.
    """
    hints = get_type_hints(kind)
    settings = {each.name: getattr(section, each.name) for each in fields(cast(Any, kind)) if each.name not in values}
    for name, setting in settings.items():
        if isinstance(setting, Section):
            inner = next(each for each in (hints[name], *get_args(hints[name])) if is_dataclass(each))
            settings[name] = from_section(cast(Any, inner), setting)
    return kind(**settings, **values)
