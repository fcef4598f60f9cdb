"""From a section of params.yaml to the dataclass that a library function takes."""

from dataclasses import fields
from typing import Any, TypeVar, cast

from agelens.pipeline.config.sections.fields import Section

Built = TypeVar("Built")


def from_section(kind: type[Built], section: Section, **values: Any) -> Built:
    """Build a dataclass from the settings that have the names of its fields.

    Args:
        kind: The dataclass; tests/pipeline/config/test_from_section.py compares its fields with the section's.
        section: Holds a setting for each field that `values` leaves out; it may hold more.
        values: Fields that are not settings of this section.
    """
    settings = {each.name: getattr(section, each.name) for each in fields(cast(Any, kind)) if each.name not in values}
    return kind(**settings, **values)
