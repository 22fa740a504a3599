"""The process of the doors, without the code of other commands: runs until it is stopped (`portero door serve`).

The sockets are those that systemd holds (sd_listen_fds(3)), by their names, or those made at given paths.
"""

import errno
import os
import re
import signal
import socket
import sys
import time
from argparse import ArgumentParser
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import NoReturn

from portero.decide.reading.routes import Routes
from portero.decide.values.errors import Fault
from portero.door.loop import DoorLoop
from portero.door.masked_requests import MaskedRequests
from portero.door.owned_requests import OwnedRequests
from portero.door.stamps import Stamps
from portero.observe.dockerd.peer import refuses_connections
from portero.observe.process import package_files
from portero.observe.process.systemd_notify import ALIVE_EVERY, Notifier
from portero.observe.stores.owners_file import OwnersFile

_FIRST_DESCRIPTOR = 3
# As Docker's own socket: its owner and group. Many connections can come at once.
_OTHERS = 0o117
_BACKLOG = 4096
_SOCKET = "docker.sock"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class NoSocket(Fault):
    """One sentence: which socket cannot be used, and the cure."""


def take_over_sockets(environ: MutableMapping[str, str]) -> dict[str, socket.socket]:
    """What systemd hands over, by FileDescriptorName; none where it does not. Raises NoSocket."""
    count, process = environ.pop("LISTEN_FDS", "0"), environ.pop("LISTEN_PID", "")
    names = environ.pop("LISTEN_FDNAMES", "").split(":")
    if process != str(os.getpid()):
        return {}
    if len(names) != int(count):
        raise NoSocket("systemd hands over sockets without names: write FileDescriptorName= into each socket unit")
    _check_names(names)
    listeners = {name: socket.socket(fileno=descriptor) for descriptor, name in enumerate(names, _FIRST_DESCRIPTOR)}
    for name, listener in listeners.items():
        if listener.family != socket.AF_UNIX or listener.type != socket.SOCK_STREAM:
            raise NoSocket(f"{name}: systemd hands over a socket of another kind: write ListenStream=/path")
        _prepare(listener)
    return listeners


def listen_at(specs: Sequence[str]) -> dict[str, socket.socket]:
    """Sockets at places NAME=PATH; raises NoSocket. A socket without a listener is replaced."""
    paths: list[Path] = []
    for spec in specs:
        path = spec.partition("=")[2]
        if not path.startswith("/"):
            raise NoSocket(f"{spec}: write a name and an absolute path, such as users=/run/docker.sock")
        if Path(path).name != _SOCKET:
            raise NoSocket(f"{path}: call the socket {_SOCKET}: Portero keeps sockets of that name from containers")
        paths.append(Path(path))
    names = [place.partition("=")[0] for place in specs]
    _check_names(names)
    try:
        return {name: _prepare(_bind(path)) for name, path in zip(names, paths, strict=True)}
    except OSError as error:
        cure = "make its folder" if error.errno == errno.ENOENT else "stop what listens there, or name another path"
        raise NoSocket(f"{error.filename}: {error.strerror}: {cure}") from None


def _check_names(names: Sequence[str]) -> None:
    for name in names:
        if not NAME.fullmatch(name):
            raise NoSocket(f"{name}: is no name of a door: write a-z, 0-9 and -, at most 32 of them")
        if names.count(name) > 1:
            raise NoSocket(f"{name}: has two sockets: leave one out")


def _bind(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(_OTHERS)
    try:
        if path.is_socket() and refuses_connections(path):
            path.unlink()
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        os.umask(before)
    return listener


def _prepare(listener: socket.socket) -> socket.socket:
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener


# Seconds between two lines for `systemctl status`; nothing wakes an idle door for them alone.
_STATUS_SECONDS = 10.0


def main() -> None:
    """Serve until the end; exit status 2 with one sentence where that cannot be."""
    parser = ArgumentParser(prog="portero door serve")
    parser.add_argument("--dockerd", required=True)
    parser.add_argument("--key", required=True, type=Path)
    parser.add_argument("--owners", required=True, type=Path)
    parser.add_argument("--listen", action="append", default=[])
    given = parser.parse_args()
    try:
        doors = take_over_sockets(os.environ) or listen_at(given.listen)
    except NoSocket as fault:
        _give_up(str(fault))
    if not doors:
        _give_up("no door: start it by systemd's socket units, or name --listen users=/run/docker.sock")
    try:
        stamps = Stamps.read(given.key)
    except ValueError as error:
        _give_up(f"{given.key}: cannot be used ({error}): as root, portero door key")
    except OSError as error:
        cure = "as root, portero door key" if error.filename in (None, str(given.key)) else "the door needs to read it"
        _give_up(f"{error.filename or given.key}: cannot be read ({error.strerror}): {cure}")
    routes = Routes.load(package_files.read_schema("operations.json"))
    owners = OwnersFile(given.owners)
    owned = OwnedRequests(owners, time.monotonic)
    masked = MaskedRequests(routes, owners.hides_variables, owned.treat)
    _serve(DoorLoop(doors, given.dockerd, stamps, masked.treat))


def _give_up(fault: str) -> NoReturn:
    print(f"portero: {fault}", file=sys.stderr)
    sys.exit(2)


def _serve(loop: DoorLoop) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: loop.finish())
    notifier = Notifier()
    notifier.tell_ready()
    reported = 0.0
    while not loop.is_finished:
        loop.run_once(ALIVE_EVERY if notifier.is_watched else None)
        notifier.tell_alive()
        now = time.monotonic()
        if now - reported >= _STATUS_SECONDS:
            reported = now
            notifier.tell_status(loop.describe())


if __name__ == "__main__":
    main()
