"""What a host has fetched about one digest: a file that says nothing by itself, since all in it is verified.

It holds signatures, and the documents that lead from what they sign to the digest that the file is named by.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from portero.images.documents import MAX_DOCUMENT
from portero.images.payloads import MAX_PAYLOAD, Form
from portero.values.json_objects import load_strict_object
from portero.values.json_types import JSON

# Bytes of a file, and how much of each there may be. Who fetches keeps what verifies, which is seldom more than one.
MAX_RECORD = 1 << 20
MAX_SIGNATURES = 32
MAX_DOCUMENTS = 32
_MAX_SIGNATURE = 4 << 10
_FORMAT = 1
_FORMS: tuple[Form, ...] = ("simple", "statement")
# What was found that vouches for nothing, worst first: the words of a denial.
SEEN = ("keyless", "other-digest", "other-key", "no-signature-of-image")


class RecordRefused(Exception):
    """The file is not as `portero images fetch` writes it."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature over the framed payload. `key`: the fingerprint of the one key that is tried, as found by who fetched
    it, so that the work does not grow with the keys of the policy: a wrong one verifies nothing."""

    form: Form
    payload: bytes
    signature: bytes
    key: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """`seen`: how often something was found that vouches for nothing; it only makes words."""

    signatures: tuple[Signature, ...] = ()
    documents: tuple[bytes, ...] = ()
    seen: Mapping[str, int] = field(default_factory=dict)


def locate(folder: Path, digest: str) -> Path:
    """The file about a digest (sha256:...)."""
    return folder / f"{digest.removeprefix('sha256:')}.json"


def write(record: Record) -> bytes:
    """The text of the file."""
    signatures: list[JSON] = [
        {"form": one.form, "payload": _encode(one.payload), "signature": _encode(one.signature), "key": one.key}
        for one in record.signatures
    ]
    document: dict[str, JSON] = {
        "format": _FORMAT,
        "signatures": signatures,
        "documents": [_encode(each) for each in record.documents],
        "seen": dict(record.seen),
    }
    return json.dumps(document).encode() + b"\n"


def read(data: bytes) -> Record:
    """What a file holds; raises RecordRefused. Sizes and counts are bounded before anything is verified."""
    try:
        document = load_strict_object(data)
        signatures = cast(list[dict[str, str]], document["signatures"])
        documents, seen = cast(list[str], document["documents"]), cast(dict[str, int], document["seen"])
        if document["format"] != _FORMAT or len(signatures) > MAX_SIGNATURES or len(documents) > MAX_DOCUMENTS:
            raise RecordRefused
        return Record(
            tuple(_read_signature(one) for one in signatures),
            tuple(_decode(each, MAX_DOCUMENT) for each in documents),
            {name: int(seen[name]) for name in SEEN if name in seen},
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise RecordRefused from error


def _read_signature(entry: Mapping[str, str]) -> Signature:
    form = _FORMS[_FORMS.index(cast(Form, entry["form"]))]
    payload, signature = _decode(entry["payload"], MAX_PAYLOAD), _decode(entry["signature"], _MAX_SIGNATURE)
    if not isinstance(entry["key"], str):
        raise RecordRefused
    return Signature(form, payload, signature, entry["key"])


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str, most: int) -> bytes:
    if not isinstance(text, str) or len(text) > most * 4 // 3 + 4:
        raise RecordRefused
    return binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
