"""Reads that no rule judges under a policy: no request document is built of them, and nothing is checked.

Envelope, URI, caller and body are read all the same, and refused as always. A rule for `*` judges changes alone, and
one for `reads` that depends on nothing but who asks has its answer when the policy is loaded.
"""

from collections.abc import Iterable, Mapping
from typing import cast

from portero.decide.facts.collect import has_facts
from portero.decide.identity.caller import DOOR, NO_IDENTITY, Identity
from portero.decide.judging.enforcement import Enforcement
from portero.decide.objects.owned_objects import find_owners
from portero.decide.policy.dialect import list_keywords
from portero.decide.policy.policy import Policy
from portero.decide.reading.routes import Operation
from portero.decide.values.json_fields import JSON


class UnjudgedReads:
    """Of one policy. `enforcement`: for callers of whom nothing is known, and `without_user` their operations."""

    def __init__(self, policy: Policy, operations: Iterable[Operation], enforcement: Enforcement) -> None:
        self._policy = policy
        acting = {rule for one in operations if one.reads for rule in policy.by_operation.get(one.id, ())}
        self._by_asker = frozenset(rule for rule in acting if _asks_who(policy.rules[rule].schema))
        site, methods = policy.site, cast("list[str]", policy.site["identity-methods"])
        nobody = NO_IDENTITY.make_document()
        # An operation that has facts is judged: they can be refused, and are logged.
        self._without_facts = frozenset(
            one.id
            for one in operations
            if one.reads and one.body == "none" and not one.looks_up and not has_facts(one.id)
            if find_owners(site, nobody, one) is None
        )
        counts = bool(site.get("profiles")) or "" not in methods
        listed = () if counts else self._without_facts
        self.without_user = frozenset(id for id in listed if self._is_unjudged(id, NO_IDENTITY, enforcement))

    def has(self, operation: Operation, who: Identity, enforcement: Enforcement) -> bool:
        """Whether no enforced or reported rule judges this operation of this caller, for whom `enforcement` is."""
        if who is NO_IDENTITY:
            return operation.id in self.without_user
        # At doors all requests are stamped.
        return who.method == DOOR and self._is_unjudged(operation.id, who, enforcement)

    def _is_unjudged(self, operation: str, who: Identity, enforcement: Enforcement) -> bool:
        if operation not in self._without_facts:
            return False
        document: dict[str, JSON] = {"operation": operation, "identity": who.make_document()}
        asked = self._policy.asked(operation, enforcement.profile, enforcement.audit_profile)
        return all(rule in self._by_asker and is_valid(document) for rule, _, is_valid in asked)


def _asks_who(schema: Mapping[str, JSON]) -> bool:
    """Whether what a rule says depends on nothing but who asks for which operation."""
    named = {
        name
        for path, keyword, value in list_keywords(dict(schema))
        if keyword in ("properties", "required") and "properties" not in path
        for name in cast("Iterable[str]", value)
    }
    return schema.keys() <= {"properties", "if", "then"} and named <= {"operation", "identity"}
