"""Reads that no rule judges under a policy: no request document is built of them, and nothing is checked.

Envelope, URI, caller and body are read all the same, and refused as always. A rule for `*` judges changes alone.
"""

from collections.abc import Iterable
from typing import cast

from portero import facts
from portero.judging.enforcement import Enforcement
from portero.policy.policy import Policy
from portero.reading.routes import Operation


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
        and not any(policy.acting(operation.id, profile) for profile in profiles)
    )
