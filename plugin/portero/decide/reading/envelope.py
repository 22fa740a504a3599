"""Reads what dockerd posts to the plugin before a request and after it (moby pkg/authorization/api.go).

In: the bytes of the post. Out: method, request target, body, headers and identity of one API call. Refused: an empty
post (dockerd sends one when it repeats a request after a lost reply), more than MAX_BYTES, and anything that
is not a document as dockerd writes it. Keys that a later dockerd may add are ignored. After a request (AuthZRes) status
and body of the answer stand beside it. Measured on 26.1 and 29.7: neither comes with a failure or a stream, and no body
of more than 64 KiB.
"""

import binascii
import os
import re
from collections.abc import Mapping
from types import MappingProxyType

from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.json_objects import load_strict
from portero.decide.values.refusals import Refused

# dockerd forwards bodies of up to 4 MiB, which are 5.6 MiB in base64; headers and certificates come on top.
MAX_BYTES = 8 * 1024 * 1024
# Twelve logins of a large registry (X-Registry-Config) are 44 KB.
_MAX_HEADERS, _MAX_HEADER_BYTES = 200, 64 * 1024
_STAMP = "x-portero-door"  # identity/trusted.py
_LONG_BODY = 64 * 1024
_BODY_BEGINS = re.compile(rb'"RequestBody": ?"')
# As dockerd writes it. In a text its quotes would be escaped, and names of headers are capitalized otherwise.
# It stands behind the user alone: a read with a longer one is read as what may be a change.
_BEGINNING = 256
_GET, _HEAD = b'"RequestMethod":"GET"', b'"RequestMethod":"HEAD"'


@dataclass(frozen=True, slots=True)
class Envelope:
    """One API call that dockerd asks about.

    `headers` by name in lower case. `body` is None when dockerd showed no body; the client can still have sent one.
    `shown`: the same in base64.
    """

    method: str
    uri: str
    body: bytes | None
    headers: Mapping[str, str]
    user: str
    auth_method: str
    peer_certificates: tuple[str, ...]
    shown: bytes | memoryview = field(default=b"", repr=False, compare=False)


def read_envelope(data: bytes) -> Envelope:
    """The envelope in `data`; raises Refused: one of the envelope-... codes and the key at fault, headers-too-large."""
    document, shown = _read_document(data)
    envelope = Envelope(
        _read_required(document, "RequestMethod"),
        _read_required(document, "RequestUri"),
        decode_body(shown) if shown else None,
        _read_headers(document),
        _read_optional(document, "User"),
        _read_optional(document, "UserAuthNMethod"),
        _read_certificates(document),
        shown,
    )
    # Nearly none is long enough to have headers beyond their bounds.
    if len(data) > _MAX_HEADER_BYTES or len(envelope.headers) > _MAX_HEADERS:
        _bound_headers(envelope.headers)
    return envelope


def _bound_headers(headers: Mapping[str, str]) -> None:
    """As a door does for heads. Its stamp, of up to 50 KiB, comes on top."""
    sizes = {name: len(name) + len(value) for name, value in headers.items()}
    stamp = sizes.pop(_STAMP, 0)
    if len(sizes) > _MAX_HEADERS or sum(sizes.values()) > _MAX_HEADER_BYTES or stamp > _MAX_HEADER_BYTES:
        raise Refused("headers-too-large", "RequestHeaders")


def decode_body(shown: bytes | memoryview) -> bytes | None:
    """None: there is none. Raises Refused."""
    try:
        return binascii.a2b_base64(shown, strict_mode=True) or None
    except ValueError:
        raise Refused("envelope-undecodable", "RequestBody") from None


def _read_document(data: bytes) -> tuple[Mapping[str, object], bytes | memoryview]:
    """What was posted, and the body in base64. In place of a long one stands a word: no copies of it.

    A string without escapes ends at the next quote, so that the document reads as before but for this one string. The
    word is chosen when the document is there already, so that none can hold it.
    """
    if len(data) > MAX_BYTES:
        raise Refused("envelope-too-large")
    if not data or data.isspace():
        raise Refused("envelope-empty")
    if len(data) > _LONG_BODY and (begins := _BODY_BEGINS.search(data)) is not None:
        begin, end = begins.end(), data.find(b'"', begins.end())
        if end >= begin + _LONG_BODY and data.find(b"\\", begin, end) < 0:
            word = os.urandom(16).hex()
            document = _decode(data[:begin] + word.encode() + data[end:])
            if document.get("RequestBody") == word:
                return document, memoryview(data)[begin:end]
    document = _decode(data)
    return document, _read_optional(document, "RequestBody").encode() if "RequestBody" in document else b""


def _decode(data: bytes) -> Mapping[str, object]:
    try:
        document = load_strict(data)
    except (ValueError, RecursionError):
        raise Refused("envelope-undecodable") from None
    if not isinstance(document, dict):
        raise Refused("envelope-undecodable")
    return document


def _check_text(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise Refused("envelope-undecodable", key)
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:  # half a surrogate pair: Go never writes one
        raise Refused("envelope-undecodable", key) from None
    return value


def _read_required(document: Mapping[str, object], key: str) -> str:
    text = _check_text(document.get(key), key)
    if not text:
        raise Refused("envelope-undecodable", key)
    return text


def _read_optional(document: Mapping[str, object], key: str) -> str:
    return _check_text(document[key], key) if key in document else ""  # dockerd leaves out what is empty


def _read_headers(document: Mapping[str, object]) -> Mapping[str, str]:
    sent = document.get("RequestHeaders", {})
    if not isinstance(sent, dict):
        raise Refused("envelope-undecodable", "RequestHeaders")
    for text in (*sent, *sent.values()):
        if not isinstance(text, str) or not text.isascii():
            _check_text(text, "RequestHeaders")
    headers = {name.lower(): value for name, value in sent.items()}
    if len(headers) != len(sent):
        raise Refused("envelope-undecodable", "RequestHeaders")
    return MappingProxyType(headers)


def _read_certificates(document: Mapping[str, object]) -> tuple[str, ...]:
    sent = document.get("RequestPeerCertificates")
    if sent is None:
        return ()
    if not isinstance(sent, list):
        raise Refused("envelope-undecodable", "RequestPeerCertificates")
    return tuple(_check_text(certificate, "RequestPeerCertificates") for certificate in sent)


@dataclass(frozen=True, slots=True)
class Result:
    """`status`: 0 where dockerd showed none. In `envelope` is what tells which request it was, the body as shown."""

    envelope: Envelope
    status: int
    body: bytes


def may_show_change(data: bytes) -> bool:
    """Whether what was posted after a request can tell of a change; it may be no read that seems to be none."""
    return bool(data) and data.find(_GET, 0, _BEGINNING) < 0 and data.find(_HEAD, 0, _BEGINNING) < 0


def read_result(data: bytes) -> Result | None:
    """None: a read, which changes nothing, or nothing that can be read."""
    if not may_show_change(data):
        return None
    try:
        document, asked = _read_document(data)
        method, uri = _read_required(document, "RequestMethod"), _read_required(document, "RequestUri")
        envelope = Envelope(method, uri, None, {}, _read_optional(document, "User"), "", (), asked)
    except Refused:
        return None
    status, shown = document.get("ResponseStatusCode"), document.get("ResponseBody")
    try:
        body = binascii.a2b_base64(shown, strict_mode=True) if isinstance(shown, str) else b""
    except ValueError:
        body = b""
    return Result(envelope, status if isinstance(status, int) else 0, body)
