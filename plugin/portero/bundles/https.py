"""HTTP with one deadline for the whole exchange, a bound on each answer, and no way to a server that is not expected.

The timeout of a socket counts anew for each read, so that a server which sends a byte now and then never meets it: here
every read and every write gets the time that is left. Raises TransportFailed with a sentence.
"""

import http.client
import signal
import socket
import ssl
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from portero.bundles.urls import Url, UrlRefused
from portero.dockerd.unix_http import DeadlineMixin, seconds_left

_CHUNK = 1 << 16
_MAX_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
# Bytes of what is not a bundle: manifests, tokens, pages of errors.
_MAX_SMALL = 256 << 10


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
    """Exchanges with the server of `home`, and with those that the site lists (`hosts`), if it leads there.

    All of one transport end `seconds` after its first began. `ca`: the CAs to trust.
    """

    home: Url
    seconds: float
    ca: Path | None = None
    hosts: Collection[str] = ()
    _deadline: float = field(default=0.0, init=False)

    def exchange(
        self,
        method: str,
        url: Url,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        max_size: int = _MAX_SMALL,
    ) -> HttpAnswer:
        """Ask, following redirects of GET; a login is not passed on to another server. `max_size`: of the answer."""
        headers = dict(headers or {})
        self._deadline = self._deadline or time.monotonic() + self.seconds
        for _ in range(_MAX_REDIRECTS + 1):
            try:
                self.home.check_step(url, self.hosts)
            except UrlRefused as refused:
                raise TransportFailed(f"{self.home.server}: {refused}") from None
            answer = self._ask(method, url, headers, body, max_size)
            target = answer.headers.get("location")
            if method != "GET" or answer.status not in _REDIRECTS or target is None:
                return answer
            before, url = url, self.locate(url, target)
            if (before.scheme, before.server) != (url.scheme, url.server):
                headers.pop("Authorization", None)
        raise TransportFailed(f"{url.server}: redirects without end")

    def locate(self, base: Url, location: str) -> Url:
        try:
            return base.join(location)
        except UrlRefused as refused:
            raise TransportFailed(f"{base.server}: {refused}") from None

    def _ask(self, method: str, url: Url, headers: Mapping[str, str], body: bytes | None, max_size: int) -> HttpAnswer:
        connection = http.client.HTTPConnection(url.host, url.port)
        if url.scheme == "https":
            # The header Host leaves it out.
            connection.default_port = http.client.HTTPS_PORT
        try:
            connection.sock = self._connect(url)
            connection.request(method, url.target, body, dict(headers))
            response = connection.getresponse()
            content = b"" if method == "HEAD" else self._read(response, url, max_size)
            return HttpAnswer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)
        except ssl.SSLCertVerificationError as error:
            raise TransportFailed(f"{url.server}: its certificate is not trusted ({error.verify_message})") from error
        except TimeoutError as error:
            raise TransportFailed(f"{url.server}: did not answer in full within {self.seconds:g} s") from error
        except OSError as error:
            raise TransportFailed(f"{url.server}: {error.strerror or 'the connection broke off'}") from error
        except (http.client.HTTPException, ValueError) as error:
            raise TransportFailed(f"{url.server}: broke off, or does not speak HTTP") from error
        finally:
            connection.close()

    def _connect(self, url: Url) -> "_Plain | _Tls":
        context = self._make_context() if url.scheme == "https" else None
        plain = socket.create_connection((url.host, url.port), timeout=seconds_left(self._deadline))
        if context is None:
            connected = _Plain(fileno=plain.detach())
            connected.deadline = self._deadline
            return connected
        plain.settimeout(seconds_left(self._deadline))
        try:
            safe = context.wrap_socket(plain, server_hostname=url.host)
        except BaseException:
            plain.close()
            raise
        assert isinstance(safe, _Tls)  # noqa: S101 - the context makes no other
        safe.deadline = self._deadline
        return safe

    def _make_context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=None if self.ca is None else str(self.ca))
        except OSError as error:
            raise TransportFailed(f"{self.ca}: cannot be used as PORTERO_BUNDLE_CA ({error.strerror})") from error
        context.sslsocket_class = _Tls
        return context

    def _read(self, response: http.client.HTTPResponse, url: Url, max_size: int) -> bytes:
        parts, room = [], max_size
        while chunk := response.read1(_CHUNK):
            room -= len(chunk)
            if room < 0:
                raise TransportFailed(f"{url.server}: answers with more than {max_size} bytes")
            parts.append(chunk)
        if response.length:
            raise TransportFailed(f"{url.server}: broke off before its end")
        return b"".join(parts)


class _Plain(DeadlineMixin, socket.socket):
    """Over plain TCP."""


class _Tls(DeadlineMixin, ssl.SSLSocket):
    """Over TLS."""


# It comes again, should a library have taken the first one for an error of its own.
_AGAIN_SECONDS = 1.0


class DeadlinePassed(BaseException):
    """The time is over. No Exception: what goes on after errors must not go on after this."""


@contextmanager
def ends_within(seconds: float) -> Iterator[None]:
    """Raise DeadlinePassed from the block when it takes longer."""
    before = signal.signal(signal.SIGALRM, _end)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _end(number: int, frame: FrameType | None) -> None:
    raise DeadlinePassed
