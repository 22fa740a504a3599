"""Who may use Docker without being root, and what that means under the profile baseline."""

from collections.abc import Iterator
from typing import cast

from portero.hostcheck import listeners
from portero.hostcheck.configuration import find_dockerd, read_configuration
from portero.hostcheck.fact import UNKNOWN, unknown
from portero.hostcheck.files import Files
from portero.json_fields import to_list
from portero.types import JSON, Fact


def list_docker_users(root: str, daemon_config: str) -> JSON:
    """The users who reach Docker's socket without being root; a sentence where that cannot be read.

    `root`: where the host's files are visible, or none. `daemon_config`: the path of daemon.json.
    """
    if root == "none":
        return "unknown: the host cannot be read"
    found = find_docker_users(Files(root), daemon_config)
    return "unknown: the groups or sockets cannot be read" if found["value"] == UNKNOWN else found["value"]


def find_docker_users(files: Files, daemon_config: str) -> Fact:
    """The members of the groups that reach Docker's socket; `daemon_config`: the path of daemon.json."""
    try:
        running = find_dockerd(files)
    except OSError:
        return unknown("/proc")
    return cast(Fact, listeners.facts(files, read_configuration(files, running, daemon_config))["members"])


def warn_of_accounts(members: JSON, profile: str) -> Iterator[str]:
    """A sentence under baseline where users of the host may use Docker; `members`: names, or that they are unknown."""
    if profile != "baseline" or members == []:
        return
    names = ", ".join(map(str, to_list(members)))
    yield (
        f"{names or 'users of this host (their names cannot be read)'} may use Docker: baseline does not hold against"
        " people with an account on the host (SECURITY.md); use hardened"
    )
