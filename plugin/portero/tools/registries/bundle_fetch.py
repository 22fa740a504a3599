"""Fetches a bundle from its address, with a login of `docker login`, unless it is the one that was fetched before."""

import base64
import os
import re
import stat
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any

from portero.decide.values.dataclass import dataclass, replace
from portero.decide.values.json_objects import load_object
from portero.observe.files.whole_files import read_regular_file
from portero.serve.settings.setting_values import OciAddress
from portero.tools.registries.bundle_archive import MAX_ARCHIVE_SIZE, Bundle
from portero.tools.registries.https import HttpAnswer, Transport, TransportFailed, answers_within
from portero.tools.registries.registry import Registry
from portero.tools.registries.urls import Url, UrlRefused, parse_url

# A pull asks for at most so many seconds, whatever the server does; all work on what it sent takes so many times that.
DEADLINE = 60.0
WHOLE = 2
# The signature of a file on a server stands beside it.
SIGNATURE_SUFFIX = ".sig"
# Only what can be sent back as it came (RFC 9110, 8.8.3).
_ETAG = re.compile(r'(?:W/)?"[!#-~]{0,200}"')


@dataclass(frozen=True, slots=True)
class BundleSource:
    """An address, in a registry or the URL of a file, and how to get there, within `seconds` for all exchanges.

    `login`: a file of logins; `ca`: a file of CAs to trust; `hosts`: other servers that this one may lead to.
    """

    address: OciAddress | str
    seconds: float
    login: Path | None = None
    ca: Path | None = None
    hosts: tuple[str, ...] = ()

    def fetch(self, mark: str = "") -> Bundle | None:
        """The bundle; None while its mark is still this one. Raises TransportFailed."""
        address = self.address
        url = address if isinstance(address, str) else address.url
        with answers_within(self.seconds, url.split("/")[2]):
            return self._fetch_file(url, mark) if isinstance(address, str) else self.open_registry(address).pull(mark)

    def open_registry(self, address: OciAddress) -> Registry:
        """The registry of this address, as this source gets there."""
        return Registry(address, self._open_transport(address.url), read_login(self.login, address.host))

    def _fetch_file(self, url: str, mark: str) -> Bundle | None:
        transport = self._open_transport(url)
        home = transport.home
        login = read_login(self.login, home.server)
        headers = {"Authorization": login} if login else {}
        condition = {"If-None-Match": mark} if _ETAG.fullmatch(mark) else {}
        answer = transport.exchange("GET", home, headers | condition, max_size=MAX_ARCHIVE_SIZE)
        if answer.status == HTTPStatus.NOT_MODIFIED and condition:
            return None
        _expect_ok(answer, home)
        path, question, query = home.target.partition("?")
        beside = replace(home, target=f"{path}{SIGNATURE_SUFFIX}{question}{query}")
        signature = transport.exchange("GET", beside, headers)
        if signature.status != HTTPStatus.NOT_FOUND:
            _expect_ok(signature, beside)
        text = signature.body.decode("ascii", "replace").strip() if signature.status == HTTPStatus.OK else ""
        etag = answer.headers.get("etag", "")
        # A server without an ETag is asked for the whole file each time.
        new_mark = etag if _ETAG.fullmatch(etag) else f"sha256:{sha256(answer.body).hexdigest()}"
        return Bundle(answer.body, text, new_mark)

    def _open_transport(self, url: str) -> Transport:
        try:
            return Transport(parse_url(url), self.seconds, self.ca, self.hosts)
        except UrlRefused as refused:
            raise TransportFailed(f"PORTERO_BUNDLE: {refused}") from None


def _expect_ok(answer: HttpAnswer, url: Url) -> None:
    if answer.status != HTTPStatus.OK:
        raise TransportFailed(f"{url.server}: status {answer.status} for {url.text}")


def read_login(file: Path | None, host: str) -> str | None:
    """The header Authorization for a host, None without a login for it. Raises TransportFailed."""
    if file is None:
        return None
    try:
        # What systemd hands over has an access list for one account, which looks like a group that can read.
        is_credential = str(file.parent) == os.environ.get("CREDENTIALS_DIRECTORY")
        if stat.S_IMODE(os.stat(file).st_mode) & 0o077 and not is_credential:
            raise TransportFailed(f"{file}: others can read these logins: chmod 600 it")
        document: Any = load_object(read_regular_file(file))
        entry = document.get("auths", {}).get(host)
        if entry is None:
            return None
        login = entry["auth"]
        if b":" not in base64.b64decode(login, validate=True):
            raise ValueError
    except OSError as error:
        raise TransportFailed(f"{file}: cannot be read ({error.strerror}): docker login writes such a file") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TransportFailed(f"{file}: is not as `docker login` writes it, without a credential helper") from error
    return f"Basic {login}"
