"""What the site lifts of the rules against taking over the host: a policy in, a sentence for each out."""

from collections.abc import Iterator

from portero.policy.exception_faults import SOCKETS
from portero.policy.policy import Policy

_LEVEL = "baseline"
_DOES = {"audit": "is only reported", "off": "is off"}


def list_notices(policy: Policy, now: float) -> Iterator[str]:
    """Exceptions for Docker's socket that are in force at `now`, and baseline rules that do not refuse."""
    for waiver in policy.waivers:
        if SOCKETS in waiver.rules and waiver.state(now) != "expired":
            yield (
                f"{waiver.file}: who it is for has Docker's socket, which is root on the host, until {waiver.expires} "
                f"({waiver.owner}: {waiver.reason})"
            )
    for rule, action in sorted(policy.site_actions.items()):
        if rule in policy.rules and policy.rules[rule].level == _LEVEL and action in _DOES:
            yield f"baseline rule {rule} {_DOES[action]}: actions in site.json"
