"""Where lines go: syslog+unix:///dev/log, syslog+udp://host:514, syslog+tcp://host:601 or syslog+tls://host:6514."""

import re
from dataclasses import dataclass
from typing import Literal, cast

Transport = Literal["unix", "udp", "tcp", "tls"]
_FORM = re.compile(r"syslog\+(udp|tcp|tls)://([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):([0-9]{1,5})/?")
_UNIX = "syslog+unix://"


@dataclass(frozen=True, slots=True)
class Destination:
    """`place`: a host, or the path of a socket."""

    transport: Transport
    place: str
    port: int = 0


def parse_destination(text: str) -> Destination:
    """The destination; raises ValueError with a sentence."""
    if text.startswith(f"{_UNIX}/"):
        return Destination("unix", text.removeprefix(_UNIX))
    match = _FORM.fullmatch(text)
    if match is None or int(match[3]) not in range(1, 1 << 16):
        raise ValueError(
            "write syslog+tls://host:6514, syslog+tcp://host:601, syslog+udp://host:514 or syslog+unix:///dev/log"
        )
    return Destination(cast(Transport, match[1]), match[2].strip("[]"), int(match[3]))
