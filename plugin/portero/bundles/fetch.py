"""Brings a bundle from wherever its address leads, unless it is the one that is here already."""

from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from portero.bundles.archive import LARGEST_ARCHIVE, Bundle
from portero.bundles.https import HttpAnswer, Transport, TransportFailed
from portero.bundles.registry import Registry
from portero.bundles.registry_login import read_login
from portero.settings.bundle_address import OciAddress, WebAddress

# A pull asks for at most so many seconds, whatever the server does.
DEADLINE = 60.0
# The signature of a file on a server stands beside it.
SIGNATURE_SUFFIX = ".sig"


@dataclass(frozen=True, slots=True)
class BundleSource:
    """An address and how to get there, within `seconds`. `login`: a file of logins; `ca`: a file of CAs to trust."""

    address: OciAddress | WebAddress
    seconds: float
    login: Path | None = None
    ca: Path | None = None

    def fetch(self, known: str = "") -> Bundle | None:
        """The bundle; None while its mark is still `known`. Raises TransportFailed and LoginRefused."""
        if isinstance(self.address, OciAddress):
            return self.open_registry(self.address).pull(known)
        return self._fetch_file(self.address.url, known)

    def open_registry(self, address: OciAddress) -> Registry:
        """The registry of this address, as this source gets there."""
        return Registry(address, self._transport(), read_login(self.login, address.host))

    def _fetch_file(self, url: str, known: str) -> Bundle | None:
        parts = urlsplit(url)
        login = read_login(self.login, parts.netloc)
        headers = {"Authorization": login} if login else {}
        transport = self._transport()
        answer = transport.exchange("GET", url, headers | ({"If-None-Match": known} if known else {}))
        if answer.status == HTTPStatus.NOT_MODIFIED and known:
            return None
        _expect_ok(answer, url)
        beside = parts._replace(path=parts.path + SIGNATURE_SUFFIX).geturl()
        signature = transport.exchange("GET", beside, headers)
        if signature.status != HTTPStatus.NOT_FOUND:
            _expect_ok(signature, beside)
        text = signature.body.decode("ascii", "replace").strip() if signature.status == HTTPStatus.OK else ""
        # A server without ETag is asked for the whole file each time.
        mark = answer.headers.get("etag", "") or f"sha256:{sha256(answer.body).hexdigest()}"
        return Bundle(answer.body, text, mark)

    def _transport(self) -> Transport:
        return Transport(self.seconds, LARGEST_ARCHIVE, self.ca)


def _expect_ok(answer: HttpAnswer, url: str) -> None:
    if answer.status != HTTPStatus.OK:
        raise TransportFailed(f"{urlsplit(url).netloc}: status {answer.status} for {url}")
