"""HTTP with one deadline for the whole exchange, a bound on its size, and TLS wherever it leaves this machine.

The timeout of a socket counts anew for each read, so that a server which sends a byte now and then never meets it: here
every read and every write gets the time that is left. Raises TransportFailed with a sentence.
"""

import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from portero.dockerd.unix_http import DeadlineMixin, seconds_left
from portero.settings.bundle_address import is_this_machine

_CHUNK = 1 << 16
_MAX_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)


class TransportFailed(Exception):
    """One sentence: why there is no answer."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer. `headers`: by name in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Transport:
    """Exchanges with servers; all of one transport end `seconds` after its first began. `ca`: the CAs to trust."""

    seconds: float
    max_size: int
    ca: Path | None = None
    _deadline: float = field(default=0.0, init=False)

    def exchange(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> HttpAnswer:
        """Ask, following redirects; a login is not passed on to another server."""
        headers = dict(headers or {})
        self._deadline = self._deadline or time.monotonic() + self.seconds
        for _ in range(_MAX_REDIRECTS + 1):
            answer = self._ask(method, url, headers, body)
            target = answer.headers.get("location")
            if method != "GET" or answer.status not in _REDIRECTS or target is None:
                return answer
            before, url = url, urljoin(url, target)
            if urlsplit(before)[:2] != urlsplit(url)[:2]:
                headers.pop("Authorization", None)
            # A server elsewhere must not make us ask services of this machine.
            if before.startswith("https:") and not url.startswith("https:"):
                raise TransportFailed(f"{urlsplit(before).netloc}: redirects away from TLS, to {url}")
        raise TransportFailed(f"{url}: redirects without end")

    def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> HttpAnswer:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_this_machine(parts.netloc)):
            raise TransportFailed(f"{parts.netloc}: wants to talk without TLS: use https")
        connection = http.client.HTTPConnection(parts.netloc)
        try:
            connection.sock = self._connect(parts.scheme, connection.host, connection.port, url)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body, dict(headers))
            response = connection.getresponse()
            content = b"" if method == "HEAD" else self._read(response, url)
            return HttpAnswer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)
        except ssl.SSLCertVerificationError as error:
            raise TransportFailed(f"{parts.netloc}: its certificate is not trusted ({error.verify_message})") from error
        except TimeoutError as error:
            raise TransportFailed(f"{parts.netloc}: did not answer in full within {self.seconds:g} s") from error
        except OSError as error:
            raise TransportFailed(f"{parts.netloc}: {error.strerror or 'the connection broke off'}") from error
        except (http.client.HTTPException, ValueError) as error:
            raise TransportFailed(f"{parts.netloc}: broke off, or does not speak HTTP") from error
        finally:
            connection.close()

    def _connect(self, scheme: str, host: str, port: int, url: str) -> "_Plain | _Tls":
        port = port if urlsplit(url).port or scheme == "http" else 443
        plain = socket.create_connection((host, port), timeout=seconds_left(self._deadline))
        if scheme == "http":
            connected = _Plain(fileno=plain.detach())
            connected.deadline = self._deadline
            return connected
        context = ssl.create_default_context(cafile=None if self.ca is None else str(self.ca))
        context.sslsocket_class = _Tls
        plain.settimeout(seconds_left(self._deadline))
        try:
            safe = context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise
        assert isinstance(safe, _Tls)  # noqa: S101 - the context makes no other
        safe.deadline = self._deadline
        return safe

    def _read(self, response: http.client.HTTPResponse, url: str) -> bytes:
        parts, room = [], self.max_size
        while chunk := response.read1(_CHUNK):
            room -= len(chunk)
            if room < 0:
                raise TransportFailed(f"{url}: answers with more than {self.max_size} bytes")
            parts.append(chunk)
        if response.length:
            raise TransportFailed(f"{url}: broke off before its end")
        return b"".join(parts)


class _Plain(DeadlineMixin, socket.socket):
    """Over plain TCP."""


class _Tls(DeadlineMixin, ssl.SSLSocket):
    """Over TLS."""
