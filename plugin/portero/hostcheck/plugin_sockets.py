"""Finds the socket of the running Portero: by the settings, as a managed plugin, or by the spec files of dockerd.

dockerd reads spec files (moby pkg/plugins/discovery.go): NAME.spec holds an address, NAME.json one as Addr.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from portero.files.chroot import Files
from portero.hostcheck.daemon_settings import Configuration, find_dockerd, read_configuration
from portero.values.json_fields import to_list
from portero.values.json_objects import load_object

# Where dockerd finds a plugin that is not managed (moby pkg/plugins/discovery.go).
SOCKETS = Path("/run/docker/plugins")
SPEC_FOLDERS = ("/etc/docker/plugins", "/usr/lib/docker/plugins")
# A managed plugin's socket lies in a folder there, named by the plugin's ID (moby plugin/manager_linux.go).
_ID = "[0-9a-f]" * 64
_NAME = "portero.sock"
_UNIX = "unix://"


def find_running(files: Files, daemon_config: str, configured: Path) -> Path:
    """The socket, with what the running dockerd is configured to ask; `daemon_config`: daemon.json by the settings."""
    socket = find_socket(configured)
    if not _is_missing(socket):
        return socket
    try:
        dockerd = find_dockerd(files)
    except OSError:
        return socket
    return find_named(files, read_configuration(files, dockerd, daemon_config), configured)


def find_named(files: Files, daemon: Configuration, configured: Path) -> Path:
    """The socket; `configured` also when none is found."""
    socket = find_socket(configured)
    if not _is_missing(socket) or configured.parent != SOCKETS:
        return socket
    return next((Path(named) for named in _list_named(files, daemon)), configured)


def find_socket(configured: Path) -> Path:
    """The configured socket, or that of the only managed plugin when it is missing."""
    if not _is_missing(configured) or configured.parent != SOCKETS:
        return configured
    managed = [*SOCKETS.glob(f"{_ID}/{_NAME}")]
    return managed[0] if len(managed) == 1 else configured


def is_managed(socket: Path) -> bool:
    """Whether this is the socket of a managed plugin."""
    return socket.parent.parent == SOCKETS and re.fullmatch("[0-9a-f]{64}", socket.parent.name) is not None


def _is_missing(socket: Path) -> bool:
    """False also where this user may not see it: the connection then reports the error."""
    try:
        os.stat(socket)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _list_named(files: Files, daemon: Configuration) -> Iterator[str]:
    """The sockets that are there, as this process sees them, of the authorization plugins that dockerd asks."""
    home = daemon.daemon.user_folder if daemon.daemon is not None else ""
    folders = (*SPEC_FOLDERS, *([f"{home}/.local/lib/docker/plugins"] if home else []))
    for name in to_list(daemon.texts("authorization-plugins")["value"]):
        for folder in folders:
            for address in (_read_spec(files, f"{folder}/{name}.spec"), _read_json(files, f"{folder}/{name}.json")):
                if address.startswith(_UNIX) and _is_there(files, address.removeprefix(_UNIX)):
                    yield files.outside(address.removeprefix(_UNIX))


def _read_spec(files: Files, path: str) -> str:
    try:
        return files.text(path).strip()
    except OSError:
        return ""


def _read_json(files: Files, path: str) -> str:
    try:
        return str(load_object(_read_spec(files, path)).get("Addr", ""))
    except ValueError:
        return ""


def _is_there(files: Files, path: str) -> bool:
    try:
        return files.exists(path)
    except OSError:
        return False
