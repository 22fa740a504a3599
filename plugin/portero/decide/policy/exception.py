"""Exceptions: they waive rules for requests that match, until a day; the log names the exception.

Files in, waivers out; a file that is invalid, that names no rule of requests, or that would waive a refusal code or a
rule of self-protection is a fault, like an invalid rule. A match is read strictly: what it names must be there, or a
misspelt name would waive everything. One that looks into lists waives a rule for the entry that it matches only.
"""

from collections.abc import Mapping, Sequence, Set
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias, TypedDict, cast

from portero.decide.decision import NearMiss, Violation
from portero.decide.engine import Check, Engine
from portero.decide.policy.dialect import reads_image
from portero.decide.policy.exception_match import (
    RuleIds,
    compile_file_faults,
    find_file_faults,
    find_rule_faults,
    looks_into_lists,
    make_strict,
    narrow,
)
from portero.decide.policy.folder import Folder
from portero.decide.policy.near_miss import Condition, find_miss, take_apart
from portero.decide.values import image_names
from portero.decide.values.dataclass import dataclass, replace
from portero.decide.values.json_fields import JSON

State: TypeAlias = Literal["active", "expiring", "expired"]
ExceptionFiles: TypeAlias = Mapping[Path, "ExceptionDocument"]

# A try takes as long as the request is; what is left when they are used up is not waived.
MAX_TRIES = 64
# Near misses are computed for so many exceptions.
_MAX_NEAR = 8
_OTHER_ENTRIES = ("entry", "matches the request, but not this entry of it alone")
_SOON = timedelta(days=14)
# Many exceptions live for a week: they need no attention from their first day on.
_ATTENTION = timedelta(days=3)


class ExceptionDocument(TypedDict):
    """An exception file without faults. `expires`: YYYY-MM-DD."""

    rules: list[str]
    match: dict[str, JSON]
    reason: str
    owner: str
    expires: str


@dataclass(frozen=True, slots=True)
class Waiver:
    """An exception in force until the end of the day `expires`, UTC."""

    id: str
    file: str
    rules: tuple[str, ...]
    match: Check
    reason: str
    owner: str
    expires: date
    looks_into_lists: bool = False
    reads_image: bool = False
    conditions: tuple[Condition, ...] = ()

    def is_over(self, today: date) -> bool:
        """Whether it waives nothing any more."""
        return today > self.expires

    def find_state(self, time: float) -> State:
        """How it is at a time, in seconds since 1970."""
        today = _find_day(time)
        if self.is_over(today):
            return "expired"
        return "expiring" if today + _SOON >= self.expires else "active"


def waive(
    waivers: Sequence[Waiver], violations: Sequence[Violation], request: JSON, time: float
) -> tuple[Violation, ...]:
    """The violations, those that an exception covers as waived by it.

    An exception that looks into lists covers a violation when it matches with the refused entry alone. A violation that
    refuses and is not waived names the first exception that nearly matches.
    """
    tries_left, misses_left = MAX_TRIES, _MAX_NEAR
    waived: dict[int, Violation] = {}
    near: dict[int, NearMiss] = {}
    today = _find_day(time)
    of_rule: dict[str, list[int]] = {}
    for index, violation in enumerate(violations):
        of_rule.setdefault(violation.rule, []).append(index)
    for waiver in waivers:
        about = [index for rule in waiver.rules for index in of_rule.get(rule, ())]
        covered = [index for index in sorted(about) if index not in waived]
        if not covered:
            continue
        if waiver.is_over(today) or not waiver.match.is_satisfied(request):
            unexplained = [index for index in covered if violations[index].action == "deny" and index not in near]
            if unexplained and misses_left > 0:
                misses_left -= 1
                miss = _describe_miss(waiver, request, time)
                near |= dict.fromkeys(unexplained, miss) if miss is not None else {}
            continue
        for index in covered:
            if waiver.looks_into_lists:
                matches, tries_left = _match_alone(waiver, violations[index], request, tries_left)
                if not matches:
                    near.setdefault(index, NearMiss(waiver.id, *_OTHER_ENTRIES))
                    continue
            waived[index] = replace(violations[index], action="waived", exception=waiver.id)
    return tuple(
        waived.get(index) or (replace(violation, near_miss=near[index]) if index in near else violation)
        for index, violation in enumerate(violations)
    )


def _find_day(time: float) -> date:
    return datetime.fromtimestamp(time, UTC).date()


def _describe_miss(waiver: Waiver, request: JSON, time: float) -> NearMiss | None:
    if waiver.find_state(time) == "expired":
        expired = NearMiss(waiver.id, "expires", f"matches, but expired on {waiver.expires}")
        return expired if waiver.match.is_satisfied(request) else None
    missed = find_miss(waiver.conditions, request)
    return NearMiss(waiver.id, missed[0], f"matches all but {missed[0]}: {missed[1]}") if missed else None


def _match_alone(waiver: Waiver, violation: Violation, request: JSON, tries_left: int) -> tuple[bool, int]:
    """Whether the match holds with each entry of the violation alone, and how many tries are left after it."""
    for entry in narrow(violation, request):
        tries_left -= 1
        if tries_left < 0 or not waiver.match.is_satisfied(entry):
            return False, tries_left
    return True, tries_left


def list_warnings(waivers: Sequence[Waiver], time: float) -> list[str]:
    """A sentence for each exception that has expired, or does within three days."""
    messages = {
        "expired": "{0.file}: expired on {0.expires} and waives nothing: renew it with {0.owner}, or delete it",
        "expiring": "{0.file}: expires at the end of {0.expires}: renew it with {0.owner}, or delete it",
    }
    soon = _find_day(time) + _ATTENTION
    states = [(waiver.find_state(time), waiver) for waiver in waivers if waiver.expires <= soon]
    return [messages[state].format(waiver) for state, waiver in states if state in messages]


def read_exceptions(
    contents: Sequence[Folder],
    schema: Mapping[str, JSON],
    dialect: Mapping[str, JSON],
    references: Set[str],
    faults: list[str],
) -> ExceptionFiles:
    """The files without faults; a later folder's replaces an earlier one's of the same id."""
    written: dict[str, tuple[Path, ExceptionDocument]] = {}
    compiled, rules = compile_file_faults(schema, dialect), RuleIds.of(contents)
    for folder in contents:
        for file, content in folder.exceptions.items():
            wrong = [*find_file_faults(content, compiled, references)] or [*find_rule_faults(content, rules)]
            faults += [folder.locate(file, fault) for fault in wrong]
            written[file.stem] = (file, cast(ExceptionDocument, content))
    return dict(written[id] for id in sorted(written))


def compile_waivers(
    written: ExceptionFiles, engine: Engine, resources: Mapping[str, Mapping[str, JSON]], faults: list[str]
) -> tuple[Waiver, ...]:
    """The waivers, by id; one whose match does not compile is added to `faults`."""
    waivers = []
    prepared = cache(lambda: engine.prepare(resources))

    def compile_part(part: JSON) -> Check:
        return prepared()(cast("dict[str, JSON]", make_strict(part)))

    for file, content in written.items():
        whole = image_names.complete_match(content["match"])
        try:
            match, conditions = compile_part(whole), take_apart(whole, compile_part)
        except Exception as error:  # noqa: BLE001 - as with rules: each engine raises other errors
            faults.append(f"{file}: match: the {engine.name} engine cannot compile it ({type(error).__name__})")
            continue
        waiver = Waiver(
            id=file.stem,
            file=str(file),
            rules=tuple(content["rules"]),
            match=match,
            reason=content["reason"],
            owner=content["owner"],
            expires=date.fromisoformat(content["expires"]),
            looks_into_lists=looks_into_lists(content["match"]),
            reads_image=reads_image(content["match"], {}),
            conditions=conditions,
        )
        waivers.append(waiver)
    return tuple(waivers)
