"""Which rules count for an object that exists, when it is used: those for the safety of the host.

Site and profile decide what such a rule does, and exceptions waive it, as when the object is made.
"""

from portero.policy.rule import Rule

_LEVEL, _THREATS = "baseline", frozenset({"container-escape", "host-compromise"})
# What these refuse can happen later than the request, or is not in it. When the object is used, it has happened or is
# seen: sources are resolved again, and inspect shows inherited mounts. Routes of the host come and go after a network.
_NOT_AT_USE = frozenset(
    {"no-swappable-sources", "no-sources-below-writable", "no-nested-sources", "no-volumes-from", "network-subnets"}
)


def counts_at_use(rule: Rule) -> bool:
    """Whether an existing object that violates this rule may not be used."""
    return rule.level == _LEVEL and bool(_THREATS.intersection(rule.threats)) and rule.id not in _NOT_AT_USE
