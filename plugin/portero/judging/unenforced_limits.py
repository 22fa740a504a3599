"""Limits that the daemon cannot enforce, for want of a cgroup controller: reported instead of refused.

dockerd drops a limit of memory, swap or processes then, and refuses --cpus (moby daemon/daemon_unix.go,
verifyPlatformContainerResources; docker-facts 7.18): no request could satisfy the rule.
"""

from collections.abc import Mapping
from dataclasses import replace

from portero.decision import Violation
from portero.judging.context import Context
from portero.policy.rule import Rule
from portero.refusals import Refused
from portero.values.json_types import JSON

# Another node, with another kernel, may run the tasks.
_ON_ANY_NODE = frozenset({"ServiceCreate", "ServiceUpdate"})


def report_unenforced(
    violations: tuple[Violation, ...], rules: Mapping[str, Rule], document: Mapping[str, JSON], context: Context
) -> tuple[Violation, ...]:
    """The violations, those of such limits reported. The daemon is asked only where one of them would refuse.

    Without an answer they refuse.
    """
    limits = {one.rule: rules[one.rule].enforced_by for one in violations if one.action == "deny" and one.rule in rules}
    if document["operation"] in _ON_ANY_NODE or not any(limits.values()):
        return violations
    try:
        unenforced = context.find_switched_off()
    except Refused:
        return violations
    return tuple(replace(one, action="audit") if limits.get(one.rule) in unenforced else one for one in violations)
