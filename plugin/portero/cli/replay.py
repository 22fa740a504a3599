"""`portero replay`: runs a recording through a candidate policy and shows what it decides differently."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click

from portero.cli import options
from portero.cli.input_files import FILE, lines
from portero.cli.terminal import show_json, show_lines
from portero.identity.caller import Identity
from portero.judging.judge import Judge
from portero.recording import recorded_line
from portero.recording.comparison import GROUPS, NONE, Changes, Comparison
from portero.recording.recorded_line import InvalidRecordLine, Outcome
from portero.settings.settings import Settings

_MOST_NAMES_SHOWN = 10
# Captures without decisions come from hosts without a plugin: everything was allowed.
_CARRIED_OUT = Outcome(True, (), "", "", "", "")


@click.command()
@click.argument("captures", metavar="CAPTURE...", nargs=-1, required=True, type=FILE)
@click.option(
    "--against",
    metavar="DIR",
    multiple=True,
    help="Compare with the policy of this folder instead of the recorded decisions; repeatable.",
)
@options.takes_policy
@options.takes_host
@options.JSON_OUTPUT
def replay(
    captures: tuple[str, ...], against: tuple[str, ...], as_json: bool, **given: str | tuple[str, ...] | None
) -> None:
    """Run recorded requests through a policy and show what it decides differently; - is standard input.

    The policy is that of --schemas and --profile, in mode enforce. A request without a recorded decision counts as
    allowed. Exit status 1: something is decided differently.
    """
    settings = replace(options.settings(given), mode="enforce")
    replayed = _Replay(options.judge_elsewhere(settings), _before(settings, against))
    comparison = Comparison()
    for capture in captures:
        for number, line in enumerate(lines(capture, recorded_line.MAX_LINE_BYTES), 1):
            if line.strip():
                replayed.compare(comparison, f"{capture}:{number}", line)
    if as_json:
        show_json(comparison.document())
    else:
        show_lines(_text(comparison))
    sys.exit(_status(comparison))


@dataclass(frozen=True, slots=True)
class _Replay:
    """Decides each request under the candidate and, with --against, under the policy before it."""

    after: Judge
    before: Judge | None

    def compare(self, comparison: Comparison, location: str, line: bytes) -> None:
        """Add the request of a line to the comparison."""
        try:
            recorded = recorded_line.read_record(line)
        except InvalidRecordLine:
            comparison.unreadable += 1
            return
        if recorded is None:
            return
        if recorded.envelope is None:
            comparison.withheld += 1
            return
        if self.before is not None:
            then = _decided(self.before, recorded.envelope, recorded.identity)
        elif recorded.outcome is not None:
            then = recorded.outcome
        else:
            comparison.undecided += 1
            then = _CARRIED_OUT
        comparison.add(location, recorded.id, then, _decided(self.after, recorded.envelope, recorded.identity))


def _before(settings: Settings, against: tuple[str, ...]) -> Judge | None:
    return options.judge_elsewhere(replace(settings, schemas=tuple(map(Path, against)))) if against else None


def _decided(judge: Judge, asked: bytes, known: Identity | None) -> Outcome:
    return Outcome.of(judge.decide(asked, "replay", time.time(), identity=known).line(0))


def _status(comparison: Comparison) -> int:
    if comparison.refused.count or comparison.allowed.count:
        return options.REFUSED
    return options.COULD_NOT if comparison.unreadable or not comparison.compared else options.ALLOWED


def _text(comparison: Comparison) -> Iterator[str]:
    yield f"{comparison.compared} requests compared, {comparison.unchanged} decided alike"
    yield from _changes(comparison.refused, "would be refused that were allowed")
    yield from _changes(comparison.allowed, "would be allowed that were refused")
    if comparison.undecided:
        yield f"{comparison.undecided} have no recorded decision and count as allowed"
    if comparison.withheld:
        yield f"{comparison.withheld} were not stored, since their secrets cannot be masked, and are not compared"
    if comparison.unreadable:
        yield f"{comparison.unreadable} lines could not be read"


def _changes(changes: Changes, words: str) -> Iterator[str]:
    yield f"{changes.count} {words}"
    if not changes.count:
        return
    for group in GROUPS:
        common = changes.by[group].most_common(_MOST_NAMES_SHOWN)
        more = len(changes.by[group]) - len(common)
        names = [f"{count} {name}" for name, count in common] + ([f"{more} more"] if more else [])
        yield f"  by {group:<10}{', '.join(names)}"
    for example in changes.examples:
        outcome = example.outcome
        about = f"{outcome.operation or NONE} {outcome.image}".rstrip()
        yield f"  {example.location}  {example.id}  {about}: {', '.join(outcome.rules)} {outcome.at}".rstrip()
