"""HTML pages that need nothing else: no script, no other file. All text is escaped; base.html has the common style.

A template is named by its folder in the package: scan/page.html.
"""

from datetime import UTC, datetime


def render(template: str, **values: object) -> str:
    """The page that the template makes of these values."""
    # Imported only when wanted: the template engine would slow down every other format.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("portero", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["when"] = when
    return environment.get_template(template).render(values)


def when(seconds: float) -> str:
    """A time for people, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
