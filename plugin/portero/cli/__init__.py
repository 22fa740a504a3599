"""The command line: `portero COMMAND`. Exit status everywhere: 0 all allowed, 1 something is refused, 2 could not."""

import click

from portero import __version__
from portero.cli.check import check
from portero.cli.explain import explain
from portero.cli.host import host
from portero.cli.record import record
from portero.cli.replay import replay
from portero.cli.rules import rules
from portero.cli.serve import serve
from portero.cli.sign import keygen, sign, verify
from portero.cli.status import status
from portero.cli.tryout import tryout

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="portero", message="%(prog)s %(version)s")
def main() -> None:
    """Admission webhook for plain Docker: every refusal with its reason and its remedy."""


for command in (serve, status, rules, explain, check, tryout, host, record, replay, keygen, sign, verify):
    main.add_command(command)
