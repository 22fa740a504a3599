"""HTML pages that need nothing else: no script, no other file. All text is escaped; base.html has the common style."""

from datetime import UTC, datetime


def render(package: str, **values: object) -> str:
    """The page that package's page.html makes of these values."""
    # Imported only when wanted: the template engine would slow down every other format.
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, ""), PackageLoader("portero.formats", "")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["when"] = when
    return environment.get_template("page.html").render(values)


def when(seconds: float) -> str:
    """A time for people, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
