"""What needs attention about the policy in force: it is not what the folders say, is weakened, or there is none."""

from collections.abc import Iterator
from pathlib import Path

from portero.settings.settings import Settings
from portero.status.policy_state import PolicyState
from portero.values.times import format_instant


def list_invalid(settings: Settings, state: PolicyState, unusable: str) -> Iterator[str]:
    """What is in force instead of what the folders or settings say."""
    if unusable == "settings-unusable":
        yield "NOTHING IS ALLOWED: the settings cannot be used (reloadFaults); fix them, and systemctl restart portero"
    elif unusable:
        says = "only the built-in rules are reported" if settings.mode == "audit" else "NOTHING IS ALLOWED"
        yield f"{says}: no policy is valid; fix the policy folders (reloadFaults), which are loaded at once"
    elif state.faults:
        file = settings.last_policy
        begins = f"would take it from {file}" if _is_there(file) else "would have no policy"
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


def _is_there(file: Path) -> bool:
    try:
        file.stat()
    except OSError:  # then the next start could not read it either
        return False
    return True
