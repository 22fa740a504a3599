"""`portero replay`: runs a recording through a candidate policy and shows what it decides differently."""

import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click

from portero.decide.interfaces.host_notes import HostNotes
from portero.decide.judging.judge import Judge
from portero.decide.values.dataclass import dataclass, replace
from portero.decide.values.spelling import count_things
from portero.tools.cli import host_settings, judge_loading
from portero.tools.hostcheck.policy_source import HostSettings, name_another
from portero.tools.recording import recorded_line
from portero.tools.recording.comparison import GROUPS, NONE, Changes, Comparison
from portero.tools.recording.recorded_line import InvalidRecordLine, Outcome
from portero.tools.terminal import options
from portero.tools.terminal.formats import JSON_OUTPUT, Outputs, show
from portero.tools.terminal.input_files import FILE, read_lines

_MAX_NAMES = 10
# Captures without decisions come from hosts without a plugin: everything was allowed.
_CARRIED_OUT = Outcome(True, (), "", "", "", "")


@click.command()
@click.argument("captures", metavar="CAPTURE...", nargs=-1, required=True, type=FILE)
@click.option("--against", metavar="DIR", multiple=True, help="Compare with this policy, not with recorded decisions.")
@options.takes_policy
@options.takes_host
@JSON_OUTPUT
def replay(
    captures: tuple[str, ...], against: tuple[str, ...], outputs: Outputs, **given: str | tuple[str, ...] | None
) -> None:
    """Run recorded requests through a policy and show the decisions that differ. - is standard input.

    The policy is that of --policy and --profile, in mode enforce. The host's answers are part of a recording, and
    count unless options name another host. A request without a recorded decision counts as allowed. Exit status 1:
    something is decided differently.
    """
    settings = replace(host_settings.load_host_settings(given), mode="enforce")
    is_here = any(given[name] for name in ("docker_host", "host_root", "daemon_config"))
    # What is signed is known of the images of one daemon.
    make = partial(_Candidate.of, is_here=is_here, knows_images=bool(given["docker_host"]))
    replayed = _Replay(make(settings), make(name_another(settings, tuple(map(Path, against)))) if against else None)
    comparison = Comparison()
    for capture in captures:
        for number, line in enumerate(read_lines(capture, recorded_line.MAX_LINE_BYTES), 1):
            if line.strip():
                replayed.compare(comparison, f"{capture}:{number}", line)
    if not (comparison.compared or comparison.withheld or comparison.unreadable):
        options.give_up([f"{', '.join(captures)}: no recorded requests found; name a recording (PORTERO_RECORD)"])
    show(comparison.make_document(), _list_lines(comparison), outputs)
    if comparison.refused.count or comparison.allowed.count:
        sys.exit(options.REFUSED)
    sys.exit(options.ERROR if comparison.unreadable or not comparison.compared else options.ALLOWED)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Decides by one policy: by what the host answered, or where that was not recorded by what it is (`elsewhere`).

    `is_here`: options say which host counts.
    """

    judge: Judge
    elsewhere: Judge
    is_here: bool

    @classmethod
    def of(cls, settings: HostSettings, *, is_here: bool, knows_images: bool) -> "_Candidate":
        judge = judge_loading.load_judge(settings)
        judge = judge if knows_images else replace(judge, images=None)
        return cls(judge, judge_loading.report_owners(judge, settings), is_here)

    def lacks_signatures(self, operation: str) -> bool:
        """Whether rules ask who vouches for images, and no daemon tells which images these are."""
        acting = self.judge.policy.acting_on_vouching(operation, self.judge.enforcement.profile)
        return acting is not None and self.judge.images is None

    def decide(self, envelope: bytes, notes: HostNotes | None) -> Outcome:
        if notes is not None and self.is_here:
            notes = HostNotes({question: known for question, known in notes.answers.items() if question == "identity"})
        judge = self.elsewhere if notes is None or self.is_here else self.judge
        return Outcome.of(judge.decide(envelope, "replay", time.time(), notes=notes).line(0))


@dataclass(frozen=True, slots=True)
class _Replay:
    """Decides each request under the candidate and, with --against, under the policy before it."""

    after: _Candidate
    before: _Candidate | None

    def compare(self, comparison: Comparison, location: str, line: bytes) -> None:
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
            before = self.before.decide(recorded.envelope, recorded.notes)
        elif recorded.outcome is not None:
            before = recorded.outcome
        else:
            comparison.undecided += 1
            before = _CARRIED_OUT
        after = self.after.decide(recorded.envelope, recorded.notes)
        comparison.unvouched += self.after.lacks_signatures(after.operation)
        comparison.add(location, recorded.id, before, after)


def _list_lines(comparison: Comparison) -> Iterator[str]:
    yield f"{comparison.compared} requests compared, {comparison.unchanged} unchanged"
    yield from _list_changes(comparison.refused, "would be denied that were allowed")
    yield from _list_changes(comparison.allowed, "would be allowed that were denied")
    if comparison.undecided:
        yield f"{comparison.undecided} have no recorded decision and count as allowed"
    if comparison.unvouched:
        yield (
            f"{comparison.unvouched} run images: who vouches for them by this policy is not known, what was"
            " recorded counts; `portero images list` shows which images may run"
        )
    if comparison.withheld:
        yield f"{comparison.withheld} were not stored, since their secrets cannot be masked, and are not compared"
    if comparison.unreadable:
        yield f"{count_things(comparison.unreadable, 'line')} could not be read: not of a recording (PORTERO_RECORD)"


def _list_changes(changes: Changes, title: str) -> Iterator[str]:
    yield f"{changes.count} {title}"
    if not changes.count:
        return
    for group in GROUPS:
        common = changes.by[group].most_common(_MAX_NAMES)
        more = len(changes.by[group]) - len(common)
        names = [f"{count} {name}" for name, count in common] + ([f"{more} more"] if more else [])
        yield f"  by {group:<10}{', '.join(names)}"
    for example in changes.examples:
        outcome = example.outcome
        about = f"{outcome.operation or NONE} {outcome.image}".rstrip()
        yield f"  {example.location}  {example.id}  {about}: {', '.join(outcome.rules)} {outcome.at}".rstrip()
