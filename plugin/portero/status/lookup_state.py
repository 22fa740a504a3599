"""The status of lookups of existing objects: whether they work, and which rules judge nothing without them."""

from collections.abc import Iterator

from portero.host.view import LookupState
from portero.policy.object_readers import reads_objects, reads_owners
from portero.policy.policy import Policy
from portero.settings.settings import Settings

_UNJUDGED = "existing containers, volumes, networks and services are used by name, not judged"
_WHY = {
    "off": "PORTERO_LOOKUPS=off",
    "unavailable": "dockerd cannot be asked what exists (managed plugin without its mount docker-socket, daemon on TCP "
    "only, or dockerd not recognised)",
}
_CURE = {"off": "set PORTERO_LOOKUPS=auto", "unavailable": "set PORTERO_DOCKER_HOST to its socket"}


def find_state(settings: Settings, last: LookupState) -> LookupState:
    """Whether existing objects are judged; `last`: how the last lookup went."""
    if settings.lookups == "off":
        return "off"
    return "unavailable" if settings.lacks_daemon else last


def list_rules_without_lookups(settings: Settings, policy: Policy, last: LookupState) -> Iterator[str]:
    """The rules in force that judge existing objects, where these are not looked up: they see the request alone."""
    if find_state(settings, last) in _WHY:
        yield from (
            rule.id
            for rule in policy.rules.values()
            if policy.action(rule.id, settings.profile) == "deny"
            and reads_objects(rule.schema)
            and (policy.site["ownership"] or not reads_owners(rule.schema))
        )


def list_notices(settings: Settings, policy: Policy, last: LookupState) -> Iterator[str]:
    """One sentence where lookups need attention."""
    state = find_state(settings, last)
    if state in _WHY:
        rules = ", ".join(list_rules_without_lookups(settings, policy, last)) or "none"
        yield f"{_WHY[state]}: {_UNJUDGED}; blind rules: {rules}; {_CURE[state]}"
    elif state == "unanswered":
        yield (
            "dockerd does not answer what exists: requests that use existing objects are refused (lookup-failed);"
            " check its socket, or set PORTERO_DOCKER_HOST"
        )
