"""HTTP with one deadline for each exchange, a bound on each answer, and no way to a server that is not expected.

The timeout of a socket counts anew for each read, so that a server which sends a byte now and then never meets it: a
timer ends what takes too long, and what is done with the answers too. Raises TransportFailed with a sentence.
"""

import http.client
import signal
import ssl
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TypeAlias

from portero.decide.values.dataclass import dataclass
from portero.decide.values.errors import Fault
from portero.decide.values.spelling import make_printable
from portero.tools.registries.urls import Url, UrlRefused

_CHUNK = 1 << 16
_MAX_REDIRECTS = 3
# Of the time for an exchange: for so long nothing may come.
_SILENT_SHARE = 0.9
_REDIRECTS = (301, 302, 303, 307, 308)
# Bytes of what is not a bundle: manifests, tokens, pages of errors.
MAX_SMALL = 256 << 10
Headers: TypeAlias = Mapping[str, str] | None


class TransportFailed(Fault):
    """One sentence: why there is no answer, or nothing can be asked."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer. `headers`: by name in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Proxy:
    """What connects us to servers with TLS. `headers`: its login."""

    host: str
    port: int | None
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Transport:
    """Exchanges with the server of `home`, and with those that the site lists (`hosts`), if it leads there.

    `seconds`: for one exchange, with its redirects. `ca`: the CAs to trust. Only its caller names a proxy, never the
    environment.
    """

    home: Url
    seconds: float
    ca: Path | None = None
    hosts: Collection[str] | None = None
    proxy: Proxy | None = None

    def exchange(
        self, method: str, url: Url, headers: Headers = None, body: bytes | None = None, *, max_size: int = MAX_SMALL
    ) -> HttpAnswer:
        """Ask, following redirects of GET; a login is not passed on to another server. `max_size`: of the answer."""
        with answers_within(self.seconds, url.server):
            return self._follow(method, url, dict(headers or {}), body, max_size)

    def _follow(self, method: str, url: Url, headers: dict[str, str], body: bytes | None, max_size: int) -> HttpAnswer:
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
        connection = self._make_connection(url)
        try:
            connection.request(method, url.target, body, dict(headers))
            with connection.getresponse() as response:
                content = b"" if method == "HEAD" else self._read_body(response, url, max_size)
                fields = {name.lower(): value for name, value in response.getheaders()}
            return HttpAnswer(response.status, fields, content)
        except ssl.SSLCertVerificationError as error:
            raise TransportFailed(f"{url.server}: its certificate is not trusted ({error.verify_message})") from error
        except (DeadlinePassed, TimeoutError) as error:
            raise TransportFailed(f"{url.server}: did not answer in full within {self.seconds:g} s") from error
        except OSError as error:
            if self.proxy is not None:
                why = f"not reached by the proxy {self.proxy.host} ({error.strerror or make_printable(str(error))})"
            else:
                why = f"not reached ({error.strerror or 'broken off'}): does it run, and is this its address?"
            raise TransportFailed(f"{url.server}: {why}") from error
        except (http.client.HTTPException, ValueError) as error:
            raise TransportFailed(f"{url.server}: broke off, or does not speak HTTP") from error
        finally:
            connection.close()

    def _make_connection(self, url: Url) -> http.client.HTTPConnection:
        # A handshake without an answer ends so: where the timer ends it, ssl leaves its socket open.
        silent = _SILENT_SHARE * self.seconds
        if url.scheme == "http":
            return http.client.HTTPConnection(url.host, url.port, timeout=silent)
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except ssl.SSLError as error:
            raise TransportFailed(f"{self.ca}: holds no certificate in PEM: name the authority's") from error
        except OSError as error:
            raise TransportFailed(f"{self.ca}: cannot be used as a certificate authority ({error.strerror})") from error
        if self.proxy is None:
            return http.client.HTTPSConnection(url.host, url.port, timeout=silent, context=context)
        tunnel = http.client.HTTPSConnection(self.proxy.host, self.proxy.port, timeout=silent, context=context)
        tunnel.set_tunnel(url.host, url.port, self.proxy.headers)
        return tunnel

    def _read_body(self, response: http.client.HTTPResponse, url: Url, max_size: int) -> bytes:
        parts, room = [], max_size
        while chunk := response.read1(_CHUNK):
            room -= len(chunk)
            if room < 0:
                raise TransportFailed(f"{url.server}: answers with more than {max_size} bytes")
            parts.append(chunk)
        if response.length:
            raise TransportFailed(f"{url.server}: broke off before its end")
        return b"".join(parts)


# It comes again, should a library have taken the first one for an error of its own.
_AGAIN_SECONDS = 1.0


class DeadlinePassed(BaseException):
    """The time is over. No Exception: what goes on after errors must not go on after this."""


@contextmanager
def limit_seconds(seconds: float) -> Iterator[None]:
    """Raise DeadlinePassed from the block when it takes longer, or than one around it has left."""
    before, began = signal.signal(signal.SIGALRM, _end), time.monotonic()
    outer, again = signal.getitimer(signal.ITIMER_REAL)
    signal.setitimer(signal.ITIMER_REAL, min(seconds, outer or seconds), _AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        passed = time.monotonic() - began
        is_over = 0 < outer <= passed
        signal.setitimer(signal.ITIMER_REAL, again if is_over else max(0.0, outer - passed), again)
        signal.signal(signal.SIGALRM, before)
        if is_over:
            # Raised here: a signal could come while the block around this one ends.
            raise DeadlinePassed


@contextmanager
def answers_within(seconds: float, server: str) -> Iterator[None]:
    """Raise TransportFailed from the block when this server takes longer."""
    try:
        with limit_seconds(seconds):
            yield
    except DeadlinePassed:
        raise TransportFailed(f"{server}: did not answer in full within {seconds:g} s") from None


def _end(number: int, frame: FrameType | None) -> None:
    raise DeadlinePassed
