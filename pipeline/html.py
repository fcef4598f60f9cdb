"""Self-contained HTML pages: Jinja templates of a package, rendered with every value escaped."""

from collections.abc import Mapping
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

SHARED = "agelens.pipeline.reports"
"""The package whose templates every page may extend."""


def render_html(
    template: str, values: Mapping[str, Any], *, package: str, filters: Mapping[str, Any] | None = None
) -> str:
    """Return a rendered template; a value that the template needs and `values` lacks is an error.

    Args:
        template: File name in the folder `templates` of the package.
        values: What the template shows, by name.
        package: Import name of the package, for example `agelens.pipeline.reports`.
        filters: Functions that format values, by name.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "templates"), PackageLoader(SHARED, "templates")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= dict(filters or {})
    return environment.get_template(template).render(**values)
