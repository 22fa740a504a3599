"""Exceptions: they waive rules for requests that match, until a day; the log names the exception.

Files in, waivers out; a file that is invalid, that names no rule of requests, or that would waive a refusal code or a
rule of self-protection is a fault, like an invalid rule. A match is read strictly: what it names must be there, or a
misspelt name would waive everything.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeAlias, TypedDict, cast

from portero.decision import Violation
from portero.engine import Check, Engine
from portero.engine.portable_schema import MANY_SCHEMAS
from portero.policy.dialect import keyword_faults
from portero.policy.document import faults
from portero.policy.folder import Folder
from portero.refusals import CODES
from portero.spelling import close_to
from portero.types import JSON

State: TypeAlias = Literal["active", "expiring", "expired"]
Written: TypeAlias = Mapping[Path, "ExceptionDocument"]

SELF_PROTECTION = "self-protection"
_SOON = timedelta(days=14)
_ONE_SCHEMA = ("additionalProperties", "items", "contains", "then", "else")
_SPEAKS_OF = {
    "object": ("properties", "required", "additionalProperties", "propertyNames"),
    "array": ("items", "contains", "minItems", "maxItems"),
    "string": ("pattern", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}


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

    def state(self, time: float) -> State:
        """How it is at a time, in seconds since 1970."""
        today = datetime.fromtimestamp(time, UTC).date()
        if today > self.expires:
            return "expired"
        return "expiring" if today + _SOON >= self.expires else "active"


def waived(
    waivers: Sequence[Waiver], violations: Sequence[Violation], request: JSON, time: float
) -> tuple[Violation, ...]:
    """The violations, those that an exception covers as waived by it."""
    violated = {violation.rule for violation in violations}
    by_rule: dict[str, Waiver] = {}
    for waiver in waivers:
        covered = violated.intersection(waiver.rules) - by_rule.keys()
        if covered and waiver.state(time) != "expired" and not waiver.match.failures(request):
            by_rule |= dict.fromkeys(covered, waiver)
    return tuple(
        replace(violation, action="waived", exception=by_rule[violation.rule].id)
        if violation.rule in by_rule
        else violation
        for violation in violations
    )


def notices(waivers: Sequence[Waiver], time: float) -> list[str]:
    """A sentence for each exception that has expired or expires soon."""
    messages = {
        "expired": "{0.file}: expired on {0.expires} and waives nothing: renew it with {0.owner}, or delete it",
        "expiring": "{0.file}: expires at the end of {0.expires}: renew it with {0.owner}, or delete it",
    }
    states = [(waiver.state(time), waiver) for waiver in waivers]
    return [messages[state].format(waiver) for state, waiver in states if state in messages]


def read(
    contents: Sequence[Folder],
    schema: Mapping[str, JSON],
    dialect: Mapping[str, JSON],
    references: Set[str],
    found: list[str],
) -> Written:
    """The files without faults; a later folder's replaces an earlier one's of the same id."""
    written: dict[str, tuple[Path, ExceptionDocument]] = {}
    for folder in contents:
        for file, content in folder.exceptions.items():
            wrong = [*_faults(content, schema, dialect, references)] or [*_rule_faults(content, contents)]
            found += [f"{file}: {fault}" for fault in wrong]
            written[file.stem] = (file, cast(ExceptionDocument, content))
    return dict(written[id] for id in sorted(written))


def compiled(
    written: Written, engine: Engine, resources: Mapping[str, Mapping[str, JSON]], found: list[str]
) -> tuple[Waiver, ...]:
    """The waivers, by id; one whose match does not compile is added to `found`."""
    waivers = []
    for file, content in written.items():
        try:
            match = engine.compile(cast(dict[str, JSON], strict(content["match"])), resources)
        except Exception as error:  # noqa: BLE001 - as with rules: each engine has errors of its own
            found.append(f"{file}: match: the {engine.name} engine cannot compile it ({type(error).__name__})")
            continue
        waivers.append(_waiver(file, content, match))
    return tuple(waivers)


def strict(schema: JSON) -> JSON:
    """The same schema, which also asks for the properties that it names and for the types that it speaks of.

    Below `not` and `if` nothing changes: there, to ask for more would be to match more.
    """
    if not isinstance(schema, dict):
        return schema
    read = {keyword: _strict_value(keyword, value) for keyword, value in schema.items()}
    types = [kind for kind, spoken in _SPEAKS_OF.items() if any(keyword in schema for keyword in spoken)]
    if types:
        read.setdefault("type", [*types])
    if "properties" in schema:
        named = [*cast(list[str], schema.get("required", [])), *cast(dict[str, JSON], schema["properties"])]
        read["required"] = [*dict.fromkeys(named)]
    return read


def _strict_value(keyword: str, value: JSON) -> JSON:
    if keyword in _ONE_SCHEMA:
        return strict(value)
    if keyword in MANY_SCHEMAS:
        return [strict(one) for one in cast(list[JSON], value)]
    if keyword == "properties":
        return {name: strict(one) for name, one in cast(dict[str, JSON], value).items()}
    return value


def _waiver(file: Path, content: ExceptionDocument, match: Check) -> Waiver:
    return Waiver(
        id=file.stem,
        file=str(file),
        rules=tuple(content["rules"]),
        match=match,
        reason=content["reason"],
        owner=content["owner"],
        expires=date.fromisoformat(content["expires"]),
    )


def _faults(
    content: Mapping[str, JSON], schema: Mapping[str, JSON], dialect: Mapping[str, JSON], references: Set[str]
) -> Iterator[str]:
    wrong = list(faults(dict(content), schema))
    if wrong:
        yield from wrong
        return
    match = cast(dict[str, JSON], content["match"])
    keywords_of_a_rule: dict[str, JSON] = {"$ref": "#/$defs/schema", "$defs": dialect["$defs"]}
    states_a_condition = {name: dialect[name] for name in ("anyOf", "cure")}
    wrong = list(faults(match, keywords_of_a_rule)) or list(faults(match, states_a_condition))
    yield from (f"match: {fault}" for fault in wrong or keyword_faults(match, references))
    try:
        date.fromisoformat(cast(str, content["expires"]))
    except ValueError:
        yield "expires: not a valid date: write YYYY-MM-DD"


def _rule_faults(content: Mapping[str, JSON], contents: Sequence[Folder]) -> Iterator[str]:
    files = [file for folder in contents for file in folder.rules]
    rules = sorted({file.stem for file in files})
    # A rule keeps its protection when a later folder puts it under another topic.
    protected = {file.stem for file in files if file.parent.name == SELF_PROTECTION}
    of_the_host = {file.stem for folder in contents for file in folder.host}
    for id in cast(list[str], content["rules"]):
        if id in CODES:
            yield f"rules: '{id}' is a refusal code, which nothing waives: take it out"
        elif id in protected:
            yield f"rules: '{id}' protects Portero itself, which nothing waives: take it out"
        elif id in of_the_host and id not in rules:
            yield f"rules: '{id}' judges the host, not requests: set its action in site.json"
        elif id not in rules:
            yield f"rules: unknown rule '{id}'{close_to(id, rules)}"
