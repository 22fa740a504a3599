"""Who may use Docker without being root, for the full status."""

from portero.host.asking_daemon import DAEMON_CONFIG
from portero.hostcheck.docker_users import find_docker_users
from portero.hostcheck.files import Files
from portero.hostcheck.unknown import UNKNOWN
from portero.service import judged_host
from portero.service.settings import Settings
from portero.types import JSON


def list_docker_users(settings: Settings) -> JSON:
    """The users who reach Docker's socket without being root; a sentence where that cannot be read."""
    root = judged_host.host_root(settings)
    if root == "none":
        return "unknown: the host cannot be read"
    found = find_docker_users(Files(root), str(settings.daemon_config or DAEMON_CONFIG))
    return "unknown: the groups or sockets cannot be read" if found["value"] == UNKNOWN else found["value"]
