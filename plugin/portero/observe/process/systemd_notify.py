"""Tells systemd that Portero answers, and what there is to say in `systemctl status` (sd_notify(3))."""

import os
import socket
import time
from collections.abc import MutableMapping
from contextlib import suppress

from portero.decide.values.spelling import make_printable

# Seconds; the units have WatchdogSec=10.
ALIVE_EVERY = 2.0


class Notifier:
    """Where systemd listens; nothing is sent where it does not."""

    def __init__(self, environ: MutableMapping[str, str] = os.environ) -> None:
        # Taken out: gunicorn would report itself.
        address = environ.pop("NOTIFY_SOCKET", "")
        # Set where the unit has WatchdogSec= (sd_watchdog_enabled(3)).
        self.is_watched = bool(environ.pop("WATCHDOG_USEC", ""))
        self._told_alive = 0.0
        self._address = f"\0{address[1:]}" if address.startswith("@") else address

    def tell_ready(self) -> None:
        """Dockerd will be answered: what systemd starts after Portero may start."""
        self._send("READY=1")

    def tell_alive(self) -> None:
        """This process does not hang. Called often; systemd hears of it every two seconds, where it asks for it."""
        now = time.monotonic()
        if self.is_watched and now - self._told_alive >= ALIVE_EVERY:
            self._told_alive = now
            self._send("WATCHDOG=1")

    def tell_status(self, text: str) -> None:
        """A line for `systemctl status`.

        Names of files stand in it: a line break would begin another message, such as MAINPID=, and root is obeyed.
        """
        self._send(f"STATUS={make_printable(text)}")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        # A systemd that does not listen must not stop anything.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.sendto(message.encode(), self._address)
