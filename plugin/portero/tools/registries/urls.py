"""Addresses that a server names, in redirects, challenges and uploads: read strictly, and followed nowhere unexpected.

An exchange stays on the host that the bundle comes from, or goes to one that the site lists. One that began with TLS
keeps it: a registry must not make us ask services of this machine, nor send a login in clear.
"""

import re
from collections.abc import Collection
from urllib.parse import urljoin

from portero.decide.values.dataclass import dataclass
from portero.decide.values.errors import Fault
from portero.decide.values.spelling import make_printable
from portero.serve.settings.setting_values import is_this_machine

_PORTS = {"http": 80, "https": 443}
_MAX_PORT = 65_535
_MAX_LENGTH = 8192
_MAX_SHOWN = 200
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>[/?][!-\"$-~]*)?(?:#[!-~]*)?"
)


class UrlRefused(Fault):
    """One sentence without its subject: where a server may not lead, or what is no address."""


@dataclass(frozen=True, slots=True)
class Url:
    """Host in lower case, an IPv6 address without brackets; `target`: path and query as they are sent."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def server(self) -> str:
        """Host and port as in a URL; the port of the scheme is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def text(self) -> str:
        return f"{self.scheme}://{self.server}{self.target}"

    def join(self, location: str) -> "Url":
        """What a Location leads to from here. Raises UrlRefused."""
        try:
            return parse_url(urljoin(self.text, location[: _MAX_LENGTH + 1]))
        except ValueError:
            raise UrlRefused(f"names an invalid address: {_shorten(location)}") from None

    def check_step(self, target: "Url", listed: Collection[str] | None) -> None:
        """Return when an exchange with this server may go on at `target`. Raises UrlRefused.

        `listed`: other servers that it may lead to, host or host:port; None: there is no such list.
        """
        if target.scheme != "https" and not (self.scheme == "http" and is_this_machine(target.server)):
            raise UrlRefused(f"leads away from TLS, to {_shorten(target.text)}")
        if (target.host, target.port) != (self.host, self.port) and target.server not in (listed or ()):
            why = "another server" if listed is None else "which PORTERO_BUNDLE_HOSTS does not list"
            raise UrlRefused(f"leads to {target.server}, {why}")


def parse_url(text: str) -> Url:
    """The address; raises UrlRefused for whatever is not plainly one of a web server."""
    match = _URL.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    port = int(match["port"] or _PORTS[match["scheme"]]) if match is not None else 0
    if match is None or not 0 < port <= _MAX_PORT:
        raise UrlRefused(f"names an invalid address: {_shorten(text)}")
    target = match["target"] or "/"
    host = match["host"].strip("[]").lower()
    return Url(match["scheme"], host, port, target if target.startswith("/") else f"/{target}")


def _shorten(text: str) -> str:
    return make_printable(text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…")
