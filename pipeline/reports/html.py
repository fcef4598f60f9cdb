"""HTML pages that load nothing: templates of this package, filled in with every value escaped."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def render_page(template: str, values: Mapping[str, Any], *, filters: Mapping[str, Any] | None = None) -> str:
    """Return a template of `pipeline/reports/templates` filled in; a value that it lacks is an error, not a gap.

    Args:
        template: Its file name.
        values: What it shows, by name.
        filters: What it may do with them, by name.
    """
    environment = Environment(
        loader=PackageLoader("agelens.pipeline.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= dict(filters or {})
    return environment.get_template(template).render(**values)
