"""`portero record`: serves as `portero serve` does, and records every request."""

import click

from portero.cli import options
from portero.cli.serve import run, serve


@click.command()
@click.argument("record", metavar="FILE", type=click.Path(dir_okay=False), callback=options.make_absolute)
def record(**given: str | tuple[str, ...] | None) -> None:
    """Answer dockerd as `portero serve` does, and record every request to FILE.

    Secrets are masked. With --mode audit nothing is refused meanwhile. A service records with PORTERO_RECORD instead.
    """
    run(options.settings(given))


record.params += serve.params
