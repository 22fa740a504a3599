"""What weakens the rules against taking over the host: what the site lifts, and accounts under baseline."""

from collections.abc import Iterator

from portero.policy.exception_faults import SOCKETS
from portero.policy.policy import Policy
from portero.values.json_fields import to_list
from portero.values.json_types import JSON

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


def warn_of_accounts(members: JSON, profile: str) -> Iterator[str]:
    """A sentence under baseline where users of the host may use Docker; `members`: names, or that they are unknown."""
    if profile != "baseline" or members == []:
        return
    names = ", ".join(map(str, to_list(members)))
    yield (
        f"{names or 'users of this host (their names cannot be read)'} may use Docker: baseline does not hold against"
        " people with an account on the host (SECURITY.md); use hardened"
    )
