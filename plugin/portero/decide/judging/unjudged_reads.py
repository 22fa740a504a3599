"""Reads that no rule judges under a policy: no request document is built of them, and nothing is checked.

Envelope, URI, caller and body are read all the same, and refused as always. A rule for `*` judges changes alone, and
one for `reads` that depends on nothing but who asks has its answer when the policy is loaded.
"""

from collections.abc import Iterable
from typing import cast

from portero.decide.facts.collect import has_facts
from portero.decide.identity.caller import DOOR, NO_IDENTITY, Identity
from portero.decide.judging.enforcement import Enforcement
from portero.decide.policy.dialect import list_keywords
from portero.decide.policy.policy import Policy
from portero.decide.reading.routes import Operation
from portero.decide.values.json_fields import JSON

_MAX_CACHED = 1024


class UnjudgedReads:
    """Of one policy. `enforcement`: for callers of whom nothing is known, and `without_user` their operations."""

    def __init__(self, policy: Policy, operations: Iterable[Operation], enforcement: Enforcement) -> None:
        self._policy = policy
        # Of users at doors, whose requests are all stamped, as they were asked for.
        self._of_users: dict[tuple[str, Identity, Enforcement], bool] = {}
        site, methods = policy.site, cast("list[str]", policy.site["identity-methods"])
        counts = bool(site.get("profiles")) or "" not in methods
        listed = () if counts else operations
        self.without_user = frozenset(one.id for one in listed if self._is_unjudged(one, NO_IDENTITY, enforcement))

    def has(self, operation: Operation, who: Identity, enforcement: Enforcement) -> bool:
        """Whether no enforced or reported rule judges this operation of this caller, for whom `enforcement` is."""
        if who is NO_IDENTITY or who.method != DOOR:
            return who is NO_IDENTITY and operation.id in self.without_user
        key = operation.id, who, enforcement
        is_unjudged = self._of_users.get(key)
        if is_unjudged is None:
            if len(self._of_users) >= _MAX_CACHED:
                self._of_users.clear()
            is_unjudged = self._of_users[key] = self._is_unjudged(operation, who, enforcement)
        return is_unjudged

    def _is_unjudged(self, operation: Operation, who: Identity, enforcement: Enforcement) -> bool:
        # An operation that has facts is judged: they can be refused, and are logged.
        if not operation.reads or operation.body != "none" or operation.looks_up or has_facts(operation.id):
            return False
        policy, profiles = self._policy, {enforcement.profile, enforcement.audit_profile} - {""}
        rules = (rule for profile in profiles for rule in policy.acting(operation.id, profile))
        return not policy.site.get("ownership") and not any(_may_refuse(policy, rule, operation, who) for rule in rules)


def _may_refuse(policy: Policy, rule: str, operation: Operation, who: Identity) -> bool:
    """Whether a rule refuses this read of this caller, or depends on more than that."""
    schema = policy.rules[rule].schema
    if not schema.keys() <= {"properties", "if", "then"}:
        return True
    named = {
        name
        for path, keyword, value in list_keywords(dict(schema))
        if keyword in ("properties", "required") and "properties" not in path
        for name in cast("Iterable[str]", value)
    }
    if not named <= {"operation", "identity"}:
        return True
    document: dict[str, JSON] = {"operation": operation.id, "identity": who.make_document()}
    return bool(policy.checks[rule].failures(document))
