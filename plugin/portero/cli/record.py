"""`portero record`: serves as `portero serve` does, and records every question."""

import click

from portero.cli import options
from portero.cli.serve import run, serve

_SAID_BY_ARGUMENT = "record"


@click.command()
@click.argument("record", metavar="FILE", type=click.Path(dir_okay=False, resolve_path=True))
def record(**said: str | tuple[str, ...] | None) -> None:
    """Answer dockerd as `portero serve` does, and record every question to FILE.

    Secrets are masked. With --mode audit nothing is refused meanwhile. A service records with PORTERO_RECORD instead.
    """
    run(options.settings(said))


record.params += [option for option in serve.params if option.name != _SAID_BY_ARGUMENT]
