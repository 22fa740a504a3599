"""`portero agent`: what needs a network, in a process of its own, so that the one that decides needs none."""

import click

from portero.cli import options
from portero.cli.output import show_lines
from portero.service import following


@click.command()
def agent() -> None:
    """Keep this host's policy bundle up to date, for as long as it runs.

    It fetches PORTERO_BUNDLE at its start and every PORTERO_BUNDLE_EVERY seconds. A bundle that is rightly signed, for
    a group of this host, and not older than what was in force takes the place of the one before; otherwise the last
    good one stays.
    """
    settings = options.settings({})
    if not settings.bundle:
        show_lines(["PORTERO_BUNDLE is empty: there is nothing to do"])
        return
    following.make_follower(settings).run()
