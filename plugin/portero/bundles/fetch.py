"""Fetches a bundle from its address, with a login of `docker login`, unless it is the one that was fetched before."""

import base64
import os
import stat
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portero.bundles.archive import MAX_ARCHIVE_SIZE, Bundle
from portero.bundles.https import HttpAnswer, Transport, TransportFailed
from portero.bundles.registry import Registry
from portero.files.whole_files import read_regular_file
from portero.settings.bundle_address import OciAddress, WebAddress
from portero.values.json_objects import load_object

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

    def fetch(self, mark: str = "") -> Bundle | None:
        """The bundle; None while its mark is still this one. Raises TransportFailed and LoginRefused."""
        if isinstance(self.address, OciAddress):
            return self.open_registry(self.address).pull(mark)
        return self._fetch_file(self.address.url, mark)

    def open_registry(self, address: OciAddress) -> Registry:
        """The registry of this address, as this source gets there."""
        return Registry(address, self._transport(), read_login(self.login, address.host))

    def _fetch_file(self, url: str, mark: str) -> Bundle | None:
        parts = urlsplit(url)
        login = read_login(self.login, parts.netloc)
        headers = {"Authorization": login} if login else {}
        transport = self._transport()
        answer = transport.exchange("GET", url, headers | ({"If-None-Match": mark} if mark else {}))
        if answer.status == HTTPStatus.NOT_MODIFIED and mark:
            return None
        _expect_ok(answer, url)
        beside = parts._replace(path=parts.path + SIGNATURE_SUFFIX).geturl()
        signature = transport.exchange("GET", beside, headers)
        if signature.status != HTTPStatus.NOT_FOUND:
            _expect_ok(signature, beside)
        text = signature.body.decode("ascii", "replace").strip() if signature.status == HTTPStatus.OK else ""
        # A server without ETag is asked for the whole file each time.
        new_mark = answer.headers.get("etag", "") or f"sha256:{sha256(answer.body).hexdigest()}"
        return Bundle(answer.body, text, new_mark)

    def _transport(self) -> Transport:
        return Transport(self.seconds, MAX_ARCHIVE_SIZE, self.ca)


def _expect_ok(answer: HttpAnswer, url: str) -> None:
    if answer.status != HTTPStatus.OK:
        raise TransportFailed(f"{urlsplit(url).netloc}: status {answer.status} for {url}")


class LoginRefused(Exception):
    """One sentence: why the file of logins cannot be used."""


def read_login(file: Path | None, host: str) -> str | None:
    """The header Authorization for a host, None without a login for it. Raises LoginRefused."""
    if file is None:
        return None
    try:
        if stat.S_IMODE(os.stat(file).st_mode) & 0o077:
            raise LoginRefused(f"{file}: others can read these logins: chmod 600 it")
        document: Any = load_object(read_regular_file(file))
        entry = document.get("auths", {}).get(host)
        if entry is None:
            return None
        login = entry["auth"]
        if b":" not in base64.b64decode(login, validate=True):
            raise ValueError
    except OSError as error:
        raise LoginRefused(f"{file}: cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LoginRefused(f"{file}: is not as `docker login` writes it, without a credential helper") from error
    return f"Basic {login}"
