"""Reads the JSON document that dockerd posts to the plugin (moby pkg/authorization/api.go) into an Envelope.

In: the bytes of the post. Out: method, request target, body, headers and identity of one API call. Refused: an empty
post (dockerd sends one when it repeats a question whose answer was lost), more than LARGEST bytes, and anything that
is not a document as dockerd writes it. Keys that a later dockerd may add are ignored.
"""

import base64
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, NoReturn

from portero.refusals import Refused

# dockerd forwards bodies of up to 4 MiB, which are 5.6 MiB in base64; headers and certificates come on top.
LARGEST = 8 * 1024 * 1024


class Envelope(NamedTuple):  # made for every question, and three times as fast as a frozen dataclass
    """One question of dockerd. `body` is None when dockerd showed none, which does not mean that there was none."""

    method: str
    uri: str
    body: bytes | None
    headers: Mapping[str, str]
    user: str
    auth_method: str
    peer_certificates: tuple[str, ...]


def read(data: bytes) -> Envelope:
    """The envelope in `data`; raises Refused with one of the envelope-... codes and the key at fault."""
    if len(data) > LARGEST:
        raise Refused("envelope-too-large")
    if not data or data.isspace():
        raise Refused("envelope-empty")
    document = _document(data)
    return Envelope(
        method=_required(document, "RequestMethod"),
        uri=_required(document, "RequestUri"),
        body=_body(document),
        headers=_headers(document),
        user=_optional(document, "User"),
        auth_method=_optional(document, "UserAuthNMethod"),
        peer_certificates=_certificates(document),
    )


def _document(data: bytes) -> Mapping[str, object]:
    try:
        document: object = _DECODER.decode(data.decode())
    except (ValueError, RecursionError):
        raise Refused("envelope-undecodable") from None
    if not isinstance(document, dict):
        raise Refused("envelope-undecodable")
    return document


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise ValueError("a name stands twice")
    return named


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# json.loads would make one for each question.
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def _text(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise Refused("envelope-undecodable", key)
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:  # half a surrogate pair: Go never writes one
        raise Refused("envelope-undecodable", key) from None
    return value


def _required(document: Mapping[str, object], key: str) -> str:
    text = _text(document.get(key), key)
    if not text:
        raise Refused("envelope-undecodable", key)
    return text


def _optional(document: Mapping[str, object], key: str) -> str:
    return _text(document[key], key) if key in document else ""  # dockerd leaves out what is empty


def _body(document: Mapping[str, object]) -> bytes | None:
    encoded = _optional(document, "RequestBody")
    if not encoded:
        return None
    try:
        return base64.b64decode(encoded, validate=True) or None
    except ValueError:
        raise Refused("envelope-undecodable", "RequestBody") from None


def _headers(document: Mapping[str, object]) -> Mapping[str, str]:
    said = document.get("RequestHeaders", {})
    if not isinstance(said, dict):
        raise Refused("envelope-undecodable", "RequestHeaders")
    headers = {_text(name, "RequestHeaders").lower(): _text(value, "RequestHeaders") for name, value in said.items()}
    if len(headers) != len(said):
        raise Refused("envelope-undecodable", "RequestHeaders")
    return MappingProxyType(headers)


def _certificates(document: Mapping[str, object]) -> tuple[str, ...]:
    said = document.get("RequestPeerCertificates")
    if said is None:
        return ()
    if not isinstance(said, list):
        raise Refused("envelope-undecodable", "RequestPeerCertificates")
    return tuple(_text(certificate, "RequestPeerCertificates") for certificate in said)
