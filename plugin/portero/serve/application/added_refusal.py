"""Refusals that no rule gives: without a usable policy, settings, a log line, or answers of dockerd."""

from collections.abc import Mapping, Sequence
from typing import Literal

from portero.decide.decision import Decision, Violation, make_refusal, sort_violations
from portero.decide.interfaces.daemon import Peer
from portero.decide.judging.enforcement import Enforcement, lift_violations
from portero.decide.policy.rule import Rule
from portero.decide.values.dataclass import replace
from portero.decide.values.spelling import make_printable
from portero.observe.lookups.followed_daemons import FollowedDaemons
from portero.observe.pending.unanswered import MAX_OF_ONE_USER

# Clients ask these before anything else, and who looks for the cause does. They tell nothing of what runs.
_ALLOWED_WITHOUT_POLICY = frozenset(
    {("GET", "SystemPing"), ("HEAD", "SystemPingHead"), ("GET", "SystemVersion"), ("GET", "SystemInfo")}
)
_MAX_FAULT_LENGTH = 300


def add_refusal(decision: Decision, code: str, reason: str = "") -> Decision:
    """The decision, refused by this code too; `reason`: other words than the code's own."""
    refusal = make_refusal(code, "")
    suggestion = decision.suggestion
    if suggestion is not None:
        # Whatever a user changes, this stays.
        suggestion = replace(suggestion, still=(*suggestion.still, code))
    violations = (*decision.violations, replace(refusal, reason=reason or refusal.reason))
    return replace(
        decision, violations=sort_violations(violations), suggestion=suggestion, mode="enforce", breaks_glass=False
    )


def refuse_unless_lifted(decision: Decision, refusal: Violation, rules: Mapping[str, Rule]) -> Decision:
    """The decision, refused so too, unless what is enforced on its caller lifts that: then it is reported."""
    mode: Literal["enforce", "audit"] = "audit" if decision.mode == "audit" else "enforce"
    enforcement = Enforcement(decision.profile, mode, decision.audit_profile, decision.breaks_glass)
    (lifted,) = lift_violations((refusal,), rules, enforcement, decision.subject.operation)
    decision = replace(decision, violations=sort_violations((*decision.violations, lifted)))
    if decision.allowed or not decision.breaks_glass:
        return decision
    # Nothing was let through.
    return replace(decision, mode="enforce", breaks_glass=False)


def decide_without_policy(decision: Decision, code: str, faults: Sequence[str]) -> Decision:
    """The decision on a request while nothing is to be judged by, for these faults."""
    if _is_allowed(decision):
        # Without a policy no token can be trusted, and a client that is set up to send one sends it here, too.
        return replace(decision, violations=())
    first = make_printable(faults[0]) if faults else ""
    first = first if len(first) <= _MAX_FAULT_LENGTH else first[:_MAX_FAULT_LENGTH] + "..."
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    lacks = "usable settings" if code == "settings-unusable" else "policy"
    return add_refusal(decision, code, f"Portero has no {lacks}: {first}{more}" if first else "")


def refuse_unfollowed(decision: Decision, followed: FollowedDaemons | None, peer: Peer | None) -> Decision:
    """The decision; a change of a user who has too many without an answer is refused, unless nothing is enforced."""
    subject = decision.subject
    if not decision.allowed or subject.reads or decision.mode == "audit" or followed is None:
        return decision
    if followed.has_room_for(subject.user, peer):
        return decision
    return add_refusal(
        decision, "lookup-failed", f"dockerd has not answered {MAX_OF_ONE_USER:,} requests of this user, or more."
    )


def _is_allowed(decision: Decision) -> bool:
    subject, envelope = decision.subject, decision.envelope
    if decision.fault is not None or (subject.method, subject.operation) not in _ALLOWED_WITHOUT_POLICY:
        return False
    return envelope is not None and envelope.body is None and envelope.headers.get("content-length", "0") == "0"
