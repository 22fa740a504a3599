"""Reads that no rule judges under a policy: no request document is built of them, and nothing is checked.

Envelope, URI, caller and body are read all the same, and refused as always. A rule for `*` judges changes alone, and
one for `reads` that depends on nothing but who asks has its answer when the policy is loaded.
"""

from collections.abc import Iterable
from typing import cast

from portero import facts
from portero.identity.caller import NOBODY
from portero.judging.enforcement import Enforcement
from portero.policy.dialect import list_keywords
from portero.policy.policy import Policy
from portero.reading.routes import Operation
from portero.values.json_types import JSON


def find_unjudged(policy: Policy, operations: Iterable[Operation], enforcement: Enforcement) -> frozenset[str]:
    """The operations that no enforced or reported rule judges, for callers of whom nothing is known.

    None where it counts who asks. An operation that has facts is not among them: they can be refused, and are logged.
    """
    site, methods = policy.site, cast("list[str]", policy.site["identity-methods"])
    if site.get("ownership") or site.get("profiles") or "" not in methods:
        return frozenset()
    profiles = {enforcement.profile, enforcement.audit_profile} - {""}
    return frozenset(
        operation.id
        for operation in operations
        if operation.reads
        and operation.body == "none"
        and not operation.looks_up
        and not facts.has_facts(operation.id)
        and not any(
            _may_refuse(policy, rule, operation)
            for profile in profiles
            for rule in policy.acting(operation.id, profile)
        )
    )


def _may_refuse(policy: Policy, rule: str, operation: Operation) -> bool:
    """Whether a rule refuses this read of a caller of whom nothing is known, or depends on more than that."""
    schema = policy.rules[rule].schema
    named = {
        name
        for path, keyword, value in list_keywords(dict(schema))
        if keyword == "properties" and "properties" not in path
        for name in cast("dict[str, JSON]", value)
    }
    if not named <= {"operation", "identity"} or not schema.keys() <= {"properties", "if", "then"}:
        return True
    document: dict[str, JSON] = {"operation": operation.id, "identity": NOBODY.document()}
    return bool(policy.checks[rule].failures(document))
