"""Reads decision logs for reports."""

from collections.abc import Iterator, Sequence

from portero.cli import options
from portero.cli.input_files import lines
from portero.report.log_lines import LONGEST_LINE, Logged, read
from portero.report.log_violation import NoDecision


def read_decisions(logs: Sequence[str]) -> Iterator[Logged | None]:
    """Every decision of the logs, in their order; None for a line that is none. Empty lines are left out."""
    for log in logs:
        for line in lines(log, LONGEST_LINE):
            try:
                yield read(line)
            except NoDecision:
                if line.strip():
                    yield None


def check_read(logs: Sequence[str], decisions: int) -> None:
    """Give up when nothing was found."""
    if not decisions:
        options.give_up([f"{', '.join(logs)}: no decisions found; name a log of portero (PORTERO_LOG)"])
