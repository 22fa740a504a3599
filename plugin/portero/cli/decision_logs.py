"""Reads decision logs for reports: long ones in pieces, by as many processes as there are cores."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from portero.cli import options
from portero.cli.lines import lines_of, pieces
from portero.cli.processes import work_in_processes
from portero.report.logged import LONGEST_LINE
from portero.report.repeated_lines import Sums, add_lines

_Sums = TypeVar("_Sums", bound=Sums)


def add_logs(logs: Sequence[str], new: Callable[[], _Sums], merge: Callable[[_Sums], object]) -> None:
    """Merge new sums over each piece of the logs, in their order."""

    def add(piece: bytes) -> _Sums:
        sums = new()
        add_lines(lines_of(piece, LONGEST_LINE), sums)
        return sums

    work_in_processes(add, _pieces(logs), merge)


def check_read(logs: Sequence[str], decisions: int, earlier: int) -> None:
    """Give up when nothing was found; warn of decisions of an earlier version of the log."""
    if not decisions:
        options.give_up([f"{', '.join(logs)}: no decisions found; name a log of portero (PORTERO_LOG)"])
    options.warn_of_earlier(earlier)


def _pieces(logs: Sequence[str]) -> Iterator[bytes]:
    for log in logs:
        yield from pieces(log, LONGEST_LINE)
