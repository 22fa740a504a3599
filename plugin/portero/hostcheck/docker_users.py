"""Who may use Docker without being root, and what that means under the profile baseline."""

from typing import cast

from portero.files.chroot import Files
from portero.hostcheck import daemon_sockets
from portero.hostcheck.daemon_settings import find_dockerd, read_configuration
from portero.hostcheck.fact import UNKNOWN, unknown
from portero.values.json_types import JSON, Fact


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
    return cast(Fact, daemon_sockets.facts(files, read_configuration(files, running, daemon_config))["members"])
