"""From params to the space of a search."""

from typing import Any

from agelens.pipeline.config.params import Params
from agelens.pipeline.config.sections.search import Domain
from agelens.tuning.space import Choices, Range, SearchSpace


def space_of(params: Params) -> SearchSpace:
    """Return the domains of the settings that are searched."""
    return {name: _domain_of(domain) for name, domain in params.tune.domains.items()}


def _domain_of(domain: Domain[Any]) -> Choices | Range:
    if domain.choices is not None:
        return Choices(tuple(domain.choices))
    low, high = domain.numbers
    return Range(low, high, log=domain.log, step=domain.step)
