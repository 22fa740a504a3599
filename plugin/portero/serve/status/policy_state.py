"""The policy in force beside its rules: its files, its signatures, how the last reload went, what needs attention.

That is: it is not what the folders say, what the site lifts weakens it, or there is none.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from portero.decide.policy.exception_match import SOCKETS
from portero.decide.policy.policy import Policy
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import JSON, to_list
from portero.decide.values.times import format_instant
from portero.serve.settings.settings import Settings
from portero.serve.signing.manifest import Manifest

# The files of each policy folder by name, as they were read, its signature among them.
PolicyFiles: TypeAlias = Mapping[Path, Mapping[str, bytes]]


@dataclass(frozen=True, slots=True)
class PolicyState:
    """When the policy in force was loaded, when its folders were last read, and their faults then.

    `new_groups`: groups of which no signed version was known before; `is_first`: nor was the policy before signed.
    `links`: those in the folders.
    """

    loaded: float
    tried: float
    faults: tuple[str, ...]
    signed: Mapping[Path, Manifest]
    files: PolicyFiles
    new_groups: tuple[str, ...] = ()
    changing_since: float | None = None
    links: tuple[str, ...] = ()
    is_first: bool = False


def list_invalid(settings: Settings, state: PolicyState, unusable: str) -> Iterator[str]:
    """What is in force instead of what the folders or settings say."""
    if unusable == "settings-unusable":
        yield "NOTHING IS ALLOWED: the settings cannot be used (reloadFaults); fix them, and systemctl restart portero"
    elif unusable:
        says = "only the built-in rules are reported" if settings.mode == "audit" else "NOTHING IS ALLOWED"
        yield f"{says}: no policy is valid; fix the policy folders (reloadFaults), which are loaded at once"
    elif state.faults:
        file = settings.last_policy
        # What cannot be seen here could not be read by the next start either.
        begins = f"would take it from {file}" if os.path.exists(file) else "would have no policy"
        yield (
            f"policy folder is invalid; still enforcing the policy of {format_instant(state.loaded)};"
            f" the next start {begins}"
        )


def list_warnings(settings: Settings, state: PolicyState) -> Iterator[str]:
    """What weakens signed policies, and folders that keep changing."""
    if state.changing_since is not None:
        since, loaded = format_instant(state.changing_since), format_instant(state.loaded)
        yield f"policy folders keep changing since {since}; enforcing the policy of {loaded}"
    if not settings.trusted_keys or not state.signed:
        return
    if settings.allow_rollback == "yes":
        yield "older signed versions are accepted: unset PORTERO_ALLOW_ROLLBACK"
    elif state.new_groups and not state.is_first:
        yield _name_new(settings, state) + "expected where the host has come to another group only"
    elif not settings.state.exists():
        yield f"{settings.state} is missing: after a restart an older signed version would be accepted; restore it"


def list_first(settings: Settings, state: PolicyState) -> Iterator[str]:
    """That no signed policy was in force before: true after the first signing, and where the state folder is lost."""
    if state.new_groups and state.is_first:
        yield _name_new(settings, state) + "expected after the first signing only"


def _name_new(settings: Settings, state: PolicyState) -> str:
    groups = ", ".join(state.new_groups)
    return (
        f"no version of {groups} is recorded in {settings.state} from before this start: an older one would be "
        "accepted; "
    )


_LEVEL = "baseline"
_DOES = {"audit": "is only reported", "off": "is off"}


def list_weakened(policy: Policy, now: float) -> Iterator[str]:
    """Exceptions for Docker's socket that are in force at `now`, and baseline rules that do not refuse."""
    for waiver in policy.waivers:
        if SOCKETS in waiver.rules and waiver.find_state(now) != "expired":
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
