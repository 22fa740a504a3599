"""Fetches the keys of issuers of tokens: https only, bounded."""

from base64 import b64encode
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from portero.decide.identity.keys import read_key_file
from portero.decide.values.errors import ContentRefused
from portero.decide.values.json_objects import load_strict_object
from portero.tools.registries.https import Proxy, Transport, TransportFailed
from portero.tools.registries.urls import Url, UrlRefused, parse_url
from portero.tools.terminal import options

_MAX_BYTES = 1 << 20
_SECONDS = 20.0


def fetch_keys(url: str, ca: Path | None) -> tuple[bytes, int]:
    """The set at this address, and how many of its keys verify tokens; gives up where it cannot be fetched or used."""
    text = _fetch(url, ca)
    try:
        document = load_strict_object(text)
    except ValueError:
        options.give_up([f"{url}: the answer is no JSON object; name the issuer's key set"])
    uri = document.get("jwks_uri")
    if "keys" not in document and isinstance(uri, str):
        url, text = uri, _fetch(uri, ca)
    with options.give_up_on(ContentRefused, name=url):
        return text, len(read_key_file("fetched.jwks", text).keys)


def _fetch(url: str, ca: Path | None) -> bytes:
    if not url.startswith("https://"):
        options.give_up([f"{url}: keys are fetched over https only; name an address that begins with https://"])
    try:
        home = parse_url(url)
        answer = Transport(home, _SECONDS, ca, None, _find_proxy(home)).exchange("GET", home, max_size=_MAX_BYTES)
    except (UrlRefused, TransportFailed) as error:
        options.give_up([f"{url}: {error}; name the issuer's key set itself, or with --ca the authority of its server"])
    if answer.status != HTTPStatus.OK:
        options.give_up([f"{url}: the server answers {answer.status}; name the issuer's key set itself"])
    return answer.body


def _find_proxy(home: Url) -> Proxy | None:
    """The proxy that https_proxy names for this server, unless no_proxy names the server."""
    address = getproxies().get("https")
    if address is None or proxy_bypass(home.server):
        return None
    parts = urlsplit(address if "//" in address else f"//{address}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        options.give_up(["https_proxy: is no address of a proxy; write http://proxy.example.com:3128"])
    if not parts.username or not parts.password:
        return Proxy(host, port, {})
    login = b64encode(f"{unquote(parts.username)}:{unquote(parts.password)}".encode()).decode("ascii")
    return Proxy(host, port, {"Proxy-Authorization": f"Basic {login}"})
