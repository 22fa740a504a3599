"""Reads decision logs for reports: every line of some files, decoded."""

from collections.abc import Iterator, Sequence

from portero.cli import options
from portero.cli.lines import lines
from portero.report import logged
from portero.report.logged import Logged, NoDecision
from portero.report.repeated_lines import DecisionReader


def read_decisions(logs: Sequence[str]) -> Iterator[Logged | None]:
    """The decision in each line that is not empty; None: the line is no decision."""
    for log in logs:
        reader = DecisionReader()
        for line in lines(log, logged.LONGEST_LINE):
            if not line.strip():
                continue
            try:
                yield reader.read(line)
            except NoDecision:
                yield None


def check_read(logs: Sequence[str], decisions: int, earlier: int) -> None:
    """Give up when nothing was found; warn of decisions of an earlier version of the log."""
    if not decisions:
        options.give_up([f"{', '.join(logs)}: no decisions found; name a log of portero (PORTERO_LOG)"])
    options.warn_of_earlier(earlier)
