"""Finds the running Portero and asks it about itself. OSError: no answer; ValueError: not an answer of Portero.

Its socket is found by the settings, as a managed plugin, or by the spec files of dockerd (moby pkg/plugins/
discovery.go): NAME.spec holds an address, NAME.json one as Addr.
"""

import os
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

from portero.decide.values.docker_names import is_id
from portero.decide.values.json_fields import JSON, to_list, to_object
from portero.decide.values.json_objects import load_json, load_object
from portero.observe.dockerd.unix_http import exchange
from portero.observe.files.chroot import Files
from portero.tools.hostcheck.daemon_settings import Configuration, read_running_configuration

_TIMEOUT_SECONDS = 5.0
_MAX_ANSWER_BYTES = 64 << 20


def ask_status(socket: Path) -> dict[str, JSON]:
    return _ask(socket, "/status", "attention")


def ask_policy(socket: Path) -> dict[str, JSON]:
    """The policy that is in force and the settings (serve/status/policy_page.py)."""
    return _ask(socket, "/policy", "settings")


def count_decisions(socket: Path) -> int:
    """How many requests it has decided since its start."""
    decisions = ask_status(socket).get("decisions")
    if not isinstance(decisions, dict):
        raise ValueError("a status without decisions")
    return sum(number for number in decisions.values() if isinstance(number, int))


def _ask(socket: Path, page: str, has: str) -> dict[str, JSON]:
    status, answer = exchange(socket, _TIMEOUT_SECONDS, "GET", page, max_bytes=_MAX_ANSWER_BYTES)
    document = to_object(load_json(answer))
    if status != HTTPStatus.OK or has not in document:
        raise ValueError("not an answer of portero")
    return document


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
        return find_named(files, read_running_configuration(files, daemon_config), configured)
    except OSError:
        return socket


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
    return socket.parent.parent == SOCKETS and is_id(socket.parent.name)


def _is_missing(socket: Path) -> bool:
    """False also where this user may not see it: the connection then reports the error."""
    try:
        os.stat(socket)
    except OSError as error:
        return isinstance(error, FileNotFoundError | NotADirectoryError)
    return False


def _list_named(files: Files, daemon: Configuration) -> Iterator[str]:
    """The sockets that are there, as this process sees them, of the authorization plugins that dockerd asks."""
    home = daemon.daemon.user_folder if daemon.daemon is not None else ""
    folders = (*SPEC_FOLDERS, *([f"{home}/.local/lib/docker/plugins"] if home else []))
    for name in to_list(daemon.read_texts("authorization-plugins")["value"]):
        for folder in folders:
            for address in (_read_spec(files, f"{folder}/{name}.spec"), _read_json(files, f"{folder}/{name}.json")):
                if address.startswith(_UNIX) and _is_there(files, address.removeprefix(_UNIX)):
                    yield files.outside(address.removeprefix(_UNIX))


def _read_spec(files: Files, path: str) -> str:
    try:
        return files.read_text(path).strip()
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
