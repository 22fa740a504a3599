"""Fetches the JSON Web Key Set of a token issuer: https only, bounded, checked."""

import http.client
import ssl
import urllib.error
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from portero.cli import options
from portero.identity import keys
from portero.identity.keys import KeyFileRefused
from portero.values.json_objects import load_strict_object
from portero.values.json_types import JSON

_MAX_BYTES = 1 << 20
_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class FetchedKeys:
    """The set as it was sent, and how many of its keys verify tokens."""

    text: bytes
    count: int


class _NoRedirect(HTTPRedirectHandler):
    """Follows no redirection, which could lead anywhere."""

    def redirect_request(self, req: Request, fp: object, code: int, msg: str, headers: object, newurl: str) -> None:
        return None


def fetch_keys(url: str, ca: str | None) -> FetchedKeys:
    """The keys at this address; gives up where they cannot be fetched or used."""
    text = _fetch(url, ca)
    document = _parse(url, text)
    uri = document.get("jwks_uri")
    if "keys" not in document and isinstance(uri, str):
        url, text = uri, _fetch(uri, ca)
    try:
        return FetchedKeys(text, len(keys.read_key_file("fetched.jwks", text).keys))
    except KeyFileRefused as refused:
        options.give_up([f"{url}: {refused}"])


def _parse(url: str, text: bytes) -> dict[str, JSON]:
    try:
        return load_strict_object(text)
    except (ValueError, RecursionError):
        options.give_up([f"{url}: the answer is no JSON object; name the issuer's key set"])


def _fetch(url: str, ca: str | None) -> bytes:
    if urlsplit(url).scheme != "https":
        options.give_up([f"{url}: keys are fetched over https only; name an address that begins with https://"])
    try:
        opener = build_opener(_NoRedirect, HTTPSHandler(context=ssl.create_default_context(cafile=ca)))
        with opener.open(url, timeout=_SECONDS) as answer:
            text: bytes = answer.read(_MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        error.close()
        options.give_up([f"{url}: the server answers {error.code}; name the issuer's key set itself"])
    except (OSError, http.client.HTTPException, ValueError) as error:
        why = getattr(error, "reason", None) or error
        options.give_up([f"{url}: cannot be fetched ({why}); check the address, or name an authority with --ca"])
    if len(text) > _MAX_BYTES:
        options.give_up([f"{url}: the answer is larger than {_MAX_BYTES >> 20} MiB, which no key set is"])
    return text
