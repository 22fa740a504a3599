"""One logged decision: when, who, what, and each violated rule with its reason and remedy."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from portero.decide.judging import try_line
from portero.decide.policy.policy import Policy
from portero.decide.values.denial_parts import Proposed
from portero.decide.values.json_fields import JSON
from portero.decide.values.times import format_instant
from portero.tools.report.log_lines import LoggedDecision
from portero.tools.report.log_page import find_texts
from portero.tools.report.log_violation import OUTCOMES, LoggedViolation

_RULE_REMOVED = "the current policy has no such rule; name its folder with --policy"
# Rules in the short form, which has ten lines at most.
_MAX_FIRST = 5
_WORDS = {"nearMiss": "near miss"}
_BECAME = {"refused": "denied", "would": "allowed, though it would be denied", "allowed": "allowed"}
_BY = {
    "refused": "denied by {}",
    "would": "would be denied by {} (only logged: action or mode audit)",
    "stricter": "would be denied by {} under the audit profile (only reported)",
    "reported": "reported by {} (does not deny under this profile)",
    "waived": "waived: {} is violated, an exception waives it",
}


def describe(decision: LoggedDecision, policy: Policy) -> dict[str, JSON]:
    return {
        "id": decision.id,
        "outcome": decision.outcome,
        "time": format_instant(decision.time),
        "user": decision.user,
        "groups": [*decision.groups],
        "identifiedBy": decision.identified_by,
        "breakGlass": decision.breaks_glass,
        "operation": decision.operation,
        "method": decision.method,
        "path": decision.path,
        "apiVersion": decision.version,
        "image": decision.image,
        "profile": decision.profile,
        "auditProfile": decision.audit_profile,
        "mode": decision.mode,
        "policy": decision.policy,
        "policyIsCurrent": decision.policy == policy.digest,
        "microseconds": decision.microseconds,
        "violations": [_describe_violation(each, policy) for each in decision.violations],
        **({} if decision.proposed is None else {"try": cast(JSON, decision.proposed.entry())}),
    }


def list_first(page: Mapping[str, JSON]) -> Iterator[str]:
    """The decision for people in ten lines: what refused first."""
    violations = cast(Sequence[Mapping[str, JSON]], page["violations"])
    ranked = sorted(violations, key=lambda each: OUTCOMES.index(str(each["outcome"])))
    shown = ranked[: _MAX_FIRST if len(ranked) <= _MAX_FIRST else _MAX_FIRST - 1]
    yield _write_headline(page)
    for each in shown:
        at = f" at {each['at']}" if each["at"] else ""
        numbers = f"{each['requested']} asked, {each['allowed']}" if each["allowed"] else each["reason"]
        yield f"  {_BY[str(each['outcome'])].format(each['rule'])}{at}: {numbers or _RULE_REMOVED}"
    if len(shown) < len(ranked):
        yield f"  and {len(ranked) - len(shown)} more"
    yield from [line for line in _list_proposal(page) if line][:1]
    yield f"when     {page['time']}"
    yield f"who      {_name_caller(page)}"
    yield f"more     portero explain {page['id']} --all: remedies, and under which policy"


def list_lines(page: Mapping[str, JSON]) -> Iterator[str]:
    """All of the decision for people."""
    current = "still current" if page["policyIsCurrent"] else "not the current one: rules may have changed"
    image = f", image {page['image']}" if page["image"] else ""
    version = f", API {page['apiVersion']}" if page["apiVersion"] else ""
    yield _write_headline(page)
    yield ""
    yield f"when     {page['time']}"
    yield f"who      {_name_caller(page)}"
    yield f"what     {f'''{page['method']} {page['path']}'''.strip() or 'unknown'}{image}{version}"
    stricter = f", audit profile {page['auditProfile']}" if page["auditProfile"] else ""
    lifted = ", break-glass: rules were lifted" if page["breakGlass"] else ""
    yield f"under    profile {page['profile']}, mode {page['mode']}{stricter}{lifted}"
    yield f"policy   {str(page['policy'])[:12]}, {current}"
    yield f"took     {cast(int, page['microseconds']) / 1000:.1f} ms"
    violations = cast(Sequence[Mapping[str, JSON]], page["violations"])
    refusing = [violation for violation in violations if violation["outcome"] == "refused"]
    for violation in refusing:
        yield from _list_violation(violation)
    yield from _list_proposal(page)
    others = [violation for violation in violations if violation["outcome"] != "refused"]
    if refusing and others:
        yield ""
        yield "Only reported or waived: none of these denied it."
    for violation in others:
        yield from _list_violation(violation)


def _write_headline(page: Mapping[str, JSON]) -> str:
    operation = page["operation"] or "a request that could not be read"
    return f"{page['id']}: {operation} was {_BECAME[str(page['outcome'])]}"


def _list_proposal(page: Mapping[str, JSON]) -> Iterator[str]:
    tried, command = page.get("try"), try_line.COMMANDS.get(str(page["operation"]))
    if not isinstance(tried, dict) or command is None:
        return
    flags = cast(Mapping[str, list[list[str]]], tried)
    add, instead, without = (tuple(map(tuple, flags[name])) for name in ("add", "instead", "without"))
    yield ""
    yield f"try      {try_line.write_line(Proposed(command, add, instead, without))}"
    if still := cast("list[str]", tried.get("still", [])):
        yield f"         then still denied by: {', '.join(still)}"


def _name_caller(page: Mapping[str, JSON]) -> str:
    if not page["user"]:
        return "unknown (no client certificate, no token)"
    groups = ", ".join(cast("list[str]", page["groups"]))
    by = f" by {page['identifiedBy']}" if page["identifiedBy"] else ""
    return f"{page['user']}{f' ({groups})' if groups else ''}{by}"


def _list_violation(violation: Mapping[str, JSON]) -> Iterator[str]:
    at = f" at {violation['at']}" if violation["at"] else ""
    yield ""
    yield _BY[str(violation["outcome"])].format(violation["rule"]) + at
    for key in ("exception", "requested", "allowed", "nearMiss"):
        if violation[key]:
            yield f"  {_WORDS.get(key, key):<10} {violation[key]}"
    if violation["reason"] is None:
        yield f"  {_RULE_REMOVED}"
        return
    if not violation["allowed"]:  # the figures are the reason
        yield f"  reason     {violation['reason']}"
    for client, remedy in cast(Mapping[str, str], violation["remedy"]).items():
        yield f"  {client:<10} {remedy}"


def _describe_violation(violation: LoggedViolation, policy: Policy) -> dict[str, JSON]:
    texts = find_texts(violation.rule, policy)
    return {
        "rule": violation.rule,
        "level": violation.level,
        "at": violation.at,
        "outcome": violation.outcome,
        "exception": violation.exception,
        "requested": violation.requested,
        "allowed": violation.allowed,
        "nearMiss": violation.near_miss,
        "reason": texts.reason if texts else None,
        "remedy": dict(texts.remedy) if texts else {},
    }
