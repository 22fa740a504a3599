"""Brings a bundle's bytes from wherever its address leads, unless they are those that are here already."""

from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from portero.bundles.address import OciAddress, WebAddress
from portero.bundles.archive import LARGEST_ARCHIVE
from portero.bundles.login import read_login
from portero.bundles.registry import Registry
from portero.bundles.transport import Transport, TransportFailed


@dataclass(frozen=True, slots=True)
class BundleSource:
    """An address and how to get there, within `seconds`. `login`: a file of logins; `ca`: a file of CAs to trust."""

    address: OciAddress | WebAddress
    seconds: float
    login: Path | None = None
    ca: Path | None = None

    def fetch(self, known: str = "") -> tuple[bytes, str] | None:
        """The bytes and their mark; None while that is still `known`. Raises TransportFailed and LoginRefused."""
        if isinstance(self.address, OciAddress):
            registry = self.open_registry(self.address)
            return None if known and registry.find() == known else registry.pull()
        return self._fetch_file(self.address.url, known)

    def open_registry(self, address: OciAddress) -> Registry:
        """The registry of this address, as this source gets there."""
        return Registry(address, self._transport(), read_login(self.login, address.host))

    def _fetch_file(self, url: str, known: str) -> tuple[bytes, str] | None:
        host = urlsplit(url).netloc
        login = read_login(self.login, host)
        headers = ({"Authorization": login} if login else {}) | ({"If-None-Match": known} if known else {})
        answer = self._transport().exchange("GET", url, headers)
        if answer.status == HTTPStatus.NOT_MODIFIED and known:
            return None
        if answer.status != HTTPStatus.OK:
            raise TransportFailed(f"{host}: status {answer.status} for {url}")
        # A server without ETag is asked for the whole file each time.
        return answer.body, answer.headers.get("etag", "") or f"sha256:{sha256(answer.body).hexdigest()}"

    def _transport(self) -> Transport:
        return Transport(self.seconds, LARGEST_ARCHIVE, self.ca)
