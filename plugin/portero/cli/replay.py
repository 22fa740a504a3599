"""`portero replay`: runs a recording over a candidate policy, and says what it would decide differently."""

import json
import os
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from gzip import GzipFile
from pathlib import Path
from typing import IO, cast

import click

from portero.capture import record
from portero.capture.comparison import GROUPS, NONE, Changes, Comparison
from portero.capture.record import Outcome, Unreadable
from portero.cli import options
from portero.judge import Judge
from portero.settings import Settings

_FILE = click.Path(exists=True, dir_okay=False, allow_dash=True)
_STANDARD_INPUT = "-"
# An envelope of the largest size, as a line of a recording.
_LONGEST_LINE = 32 << 20
_MOST_NAMES_SHOWN = 10
_MOVES_EVERY = 500
# Captures without decisions come from hosts on which everything went through.
_CARRIED_OUT = Outcome(True, (), "", "", "", "")


@click.command()
@click.argument("captures", metavar="CAPTURE...", nargs=-1, required=True, type=_FILE)
@click.option(
    "--against",
    metavar="DIR",
    multiple=True,
    help="Compare with the policy of this folder instead of the recorded decisions; repeatable as --schemas is.",
)
@options.SCHEMAS
@options.PROFILE
@options.ENGINE
@options.DOCKER_HOST
@options.HOST_ROOT
@options.DAEMON_CONFIG
@options.JSON_OUTPUT
def replay(
    captures: tuple[str, ...], against: tuple[str, ...], as_json: bool, **said: str | tuple[str, ...] | None
) -> None:
    """Run recorded questions over a policy, - for standard input, and say what it decides differently.

    The policy is that of --schemas and --profile, in mode enforce. A question without a recorded decision counts as
    allowed. Exit status 1: something is decided differently.
    """
    settings = replace(options.settings(said), mode="enforce")
    bench = _Bench(options.judge(settings), _before(settings, against))
    for capture in captures:
        try:
            bench.run(capture)
        except (OSError, EOFError, zlib.error) as error:
            options.give_up([f"{capture}: {getattr(error, 'strerror', '') or 'is cut short or no gzip file'}"])
    comparison = bench.comparison
    click.echo(json.dumps(comparison.document(), indent=2) if as_json else "\n".join(_text(comparison)))
    sys.exit(_status(comparison))


@dataclass(frozen=True, slots=True)
class _Bench:
    """Decides each question under the candidate and, when there is one, under the policy before it."""

    after: Judge
    before: Judge | None
    comparison: Comparison = field(default_factory=Comparison)

    def run(self, capture: str) -> None:
        """Compare every question in a file."""
        for number, line in enumerate(_lines(capture), 1):
            if line.strip():
                self._add(f"{capture}:{number}", line)

    def _add(self, place: str, line: bytes) -> None:
        try:
            recorded = record.read(line)
        except Unreadable:
            self.comparison.unreadable += 1
            return
        if recorded is None:
            return
        if recorded.asked is None:
            self.comparison.withheld += 1
            return
        if self.before is not None:
            then = _decided(self.before, recorded.asked)
        elif recorded.outcome is not None:
            then = recorded.outcome
        else:
            self.comparison.undecided += 1
            then = _CARRIED_OUT
        self.comparison.add(place, recorded.id, then, _decided(self.after, recorded.asked))


def _before(settings: Settings, against: tuple[str, ...]) -> Judge | None:
    return options.judge(replace(settings, schemas=tuple(map(Path, against)))) if against else None


def _decided(judge: Judge, asked: bytes) -> Outcome:
    return Outcome.of(judge.decide(asked, "replay", time.time()).line(0))


def _lines(capture: str) -> Iterator[bytes]:
    """The file line by line, with a bar on a terminal."""
    with click.open_file(capture, "rb") as opened:
        raw = cast(IO[bytes], opened)
        text = cast(IO[bytes], GzipFile(fileobj=raw)) if capture.endswith(".gz") else raw
        if capture == _STANDARD_INPUT or not sys.stderr.isatty():
            yield from _cut(text)
            return
        size, done = os.fstat(raw.fileno()).st_size, 0
        with click.progressbar(length=size, label=capture, file=sys.stderr) as bar:
            for number, line in enumerate(_cut(text)):
                if number % _MOVES_EVERY == 0:
                    bar.update(raw.tell() - done)
                    done = raw.tell()
                yield line
            bar.update(size - done)


def _cut(text: IO[bytes]) -> Iterator[bytes]:
    """What is longer than any line of a recording comes in pieces, which then are no lines of one."""
    return iter(lambda: text.readline(_LONGEST_LINE), b"")


def _status(comparison: Comparison) -> int:
    if comparison.refused.count or comparison.allowed.count:
        return options.REFUSED
    return options.COULD_NOT if comparison.unreadable or not comparison.compared else options.ALLOWED


def _text(comparison: Comparison) -> Iterator[str]:
    yield f"{comparison.compared} questions compared, {comparison.alike} decided alike"
    yield from _changes(comparison.refused, "would be refused that were allowed")
    yield from _changes(comparison.allowed, "would be allowed that were refused")
    if comparison.undecided:
        yield f"{comparison.undecided} have no recorded decision and count as allowed"
    if comparison.withheld:
        yield f"{comparison.withheld} more could not be stored without their secrets and were not compared"
    if comparison.unreadable:
        yield f"{comparison.unreadable} lines are no lines of a recording"


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
        told = example.outcome
        about = f"{told.operation or NONE} {told.image}".rstrip()
        yield f"  {example.place}  {example.id}  {about}: {', '.join(told.rules)} {told.place}".rstrip()
