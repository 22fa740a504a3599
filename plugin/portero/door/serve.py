"""Runs the door until it is told to end, and tells systemd how it goes."""

import signal
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from portero.door.loop import DoorLoop
from portero.door.stamps import Stamps
from portero.systemd_notify import Notifier

# Seconds between two lines for `systemctl status`; nothing wakes an idle door for them.
_TOLD = 10.0


def serve(doors: Mapping[str, socket.socket], dockerd: str, key: Path) -> None:
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
