"""A receiver of syslog: each line of the log is a message, with the field names that it asks for."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from portero.forwarding.channel import Channel, open_channel
from portero.forwarding.destination import Destination
from portero.forwarding.field_names import Format
from portero.forwarding.syslog import write_message


@dataclass(frozen=True, slots=True)
class SyslogReceiver:
    """`ca`: authorities that its certificate may come from; None: the system's."""

    to: Destination
    form: Format
    ca: Path | None

    @property
    def name(self) -> str:
        """Its host, or the path of its socket."""
        return self.to.place

    def connect(self) -> "_SyslogSender":
        """Raises OSError."""
        return _SyslogSender(open_channel(self.to, self.ca), self.form)


@dataclass(frozen=True, slots=True)
class _SyslogSender:
    channel: Channel
    form: Format

    def send(self, lines: Sequence[bytes]) -> None:
        """Send these lines, and return once they count as delivered."""
        host = socket.gethostname() or "-"
        self.channel.send([write_message(line, host, self.form) for line in lines])

    def close(self) -> None:
        """Let go of it."""
        self.channel.close()
