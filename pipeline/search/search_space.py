"""From params to the space of a search, and to what its page shows of it."""

from dataclasses import asdict
from typing import Any

from agelens.pipeline.config.params import Params
from agelens.pipeline.config.sections.search import Domain
from agelens.tuning.space import Choices, Range, SearchSpace


def space_of(params: Params) -> SearchSpace:
    """Return the domains of the settings that are searched."""
    return {name: _domain_of(domain) for name, domain in params.tune.domains.items()}


def describe_search(params: Params) -> dict[str, Any]:
    """Return the tuner, the budget and the space of a search as plain values; choices as a list."""
    config = params.tune.config(seed=params.seed)
    return {
        "scope": params.tune.scope,
        **config.used_settings(),
        "budget": asdict(config.budget),
        "space": {
            name: list(domain.values) if isinstance(domain, Choices) else asdict(domain)
            for name, domain in space_of(params).items()
        },
    }


def _domain_of(domain: Domain[Any]) -> Choices | Range:
    if domain.choices is not None:
        return Choices(tuple(domain.choices))
    low, high = domain.numbers
    return Range(low, high, log=domain.log, step=domain.step)
