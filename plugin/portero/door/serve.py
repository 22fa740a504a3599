"""The process of the doors, without the code of other commands: runs until it is told to end (`portero door serve`)."""

import os
import signal
import socket
import sys
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from portero.door.listeners import NoSocket, listen_at, take_over_sockets
from portero.door.loop import DoorLoop
from portero.door.stamps import Stamps
from portero.systemd_notify import Notifier

# Seconds between two lines for `systemctl status`; nothing wakes an idle door for them.
_TOLD = 10.0


def main() -> None:
    """Serve until the end; exit status 2 with one sentence where that cannot be."""
    parser = ArgumentParser(prog="portero door serve")
    parser.add_argument("--dockerd", required=True)
    parser.add_argument("--key", required=True, type=Path)
    parser.add_argument("--listen", action="append", default=[])
    given = parser.parse_args()
    try:
        doors = take_over_sockets(os.environ) or listen_at(given.listen)
    except NoSocket as fault:
        _give_up(str(fault))
    if not doors:
        _give_up("no door: start it by systemd's socket units, or name --listen users=/run/docker.sock")
    try:
        _serve(doors, given.dockerd, given.key)
    except (OSError, ValueError) as error:
        _give_up(f"{given.key}: cannot be used ({error}): as root, portero door key")


def _give_up(fault: str) -> NoReturn:
    print(f"portero: {fault}", file=sys.stderr)
    sys.exit(2)


def _serve(doors: Mapping[str, socket.socket], dockerd: str, key: Path) -> None:
    """Answer at these sockets, by the door's name; raises OSError and ValueError for a key that cannot be used."""
    loop = DoorLoop(doors, dockerd, Stamps.read(key))
    # Connections end with the process: dockerd and clients see their end.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    notifier = Notifier()
    notifier.tell_ready()
    told = 0.0
    while True:
        loop.run_once()
        now = time.monotonic()
        if now - told >= _TOLD:
            told = now
            notifier.tell_status(loop.describe())


if __name__ == "__main__":
    main()
