"""`portero agent`: what needs a network, in a process of its own, so that the one that decides needs none."""

import click

from portero.cli import options
from portero.cli.output import show_lines
from portero.service import following, forwarded
from portero.threads import start_thread


@click.command()
def agent() -> None:
    """Keep this host's policy bundle up to date, and send its decision log and traces on, for as long as it runs.

    PORTERO_BUNDLE is fetched at the start and every PORTERO_BUNDLE_EVERY seconds. A bundle that is rightly signed, for
    a group of this host, and not older than what was in force takes the place of the one before; otherwise the last
    good one stays. PORTERO_LOG is sent to PORTERO_FORWARD as it grows; while the receiver is away, lines wait in the
    log. With PORTERO_TRACES each decision is a span, too.
    """
    settings = options.settings({})
    works = [
        *([following.make_follower(settings).run] if settings.bundle else []),
        *(shipper.run for shipper in forwarded.make_shippers(settings)),
    ]
    if not works:
        show_lines(["PORTERO_BUNDLE, PORTERO_FORWARD and PORTERO_TRACES are empty: there is nothing to do"])
        return
    for work in works[1:]:
        start_thread(work.__qualname__, work)
    works[0]()
