"""What a host has fetched about one digest: a file that says nothing by itself, since all in it is verified.

It holds signatures, and the documents that lead from what they sign to the digest that the file is named by: indexes
and manifests (OCI image-spec, image-index.md and manifest.md), known by what they hash to. From a signed digest the
digests of manifests and of configurations follow: each document names those below it.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import cast

from portero.decide.images.payloads import MAX_PAYLOAD, Form
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.docker_names import is_digest
from portero.decide.values.json_fields import JSON, to_object, to_text
from portero.decide.values.json_objects import load_strict_object

# Bytes of a file, and how much of each there may be. Who fetches keeps what verifies, which is seldom more than one.
MAX_RECORD = 1 << 20
MAX_SIGNATURES = 32
MAX_DOCUMENTS = 32
_MAX_SIGNATURE = 4 << 10
_FORMAT = 1
_FORMS: tuple[Form, ...] = ("simple", "statement")
# What was found that vouches for nothing, worst first: the words of a denial.
SEEN = ("keyless", "other-digest", "other-key", "no-signature-of-image")


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


def spell_record(record: Record) -> bytes:
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


def parse_record(data: bytes) -> Record | None:
    """What a file holds; None: it is not as `portero images fetch` writes it.

    Sizes and counts are bounded before anything is verified.
    """
    try:
        document = load_strict_object(data)
        signatures = cast("list[dict[str, str]]", document["signatures"])
        documents, seen = cast("list[str]", document["documents"]), cast("dict[str, int]", document["seen"])
        if document["format"] != _FORMAT or len(signatures) > MAX_SIGNATURES or len(documents) > MAX_DOCUMENTS:
            return None
        return Record(
            tuple(_read_signature(one) for one in signatures),
            tuple(_decode(each, MAX_DOCUMENT) for each in documents),
            {name: int(seen[name]) for name in SEEN if name in seen},
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None


def _read_signature(entry: Mapping[str, str]) -> Signature:
    """Raises ValueError, KeyError and TypeError, as _decode does."""
    form = _FORMS[_FORMS.index(cast(Form, entry["form"]))]
    payload, signature = _decode(entry["payload"], MAX_PAYLOAD), _decode(entry["signature"], _MAX_SIGNATURE)
    if not isinstance(entry["key"], str):
        raise TypeError("a fingerprint is text")
    return Signature(form, payload, signature, entry["key"])


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str, max_bytes: int) -> bytes:
    if not isinstance(text, str) or len(text) > max_bytes * 4 // 3 + 4:
        raise ValueError("no text, or a longer one than is written")
    return binascii.a2b_base64(text.encode("ascii"), strict_mode=True)


# Bytes of a document, and what an index may list; those of Docker's own images stay far below.
MAX_DOCUMENT = 256 << 10
MAX_LISTED = 1000
# An index may hold an index; none is seen that goes deeper.
_MAX_DEPTH = 4
_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
# What dockerd runs (moby distribution/registry.go, imageTypes): the two, and what old registries say of any blob.
_CONFIGS = ("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")
_DEFAULTS = (None, "", "application/octet-stream", "application/json", "text/html")
ACCEPTED = ", ".join((*_INDEXES, *_MANIFESTS))


def compute_digest(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


def list_below(data: bytes) -> tuple[str, ...]:
    """The digests that a document names: an index its manifests, a manifest its configuration. None: it is no such.

    What could be read as both is neither (CVE-2021-41190).
    """
    if len(data) > MAX_DOCUMENT:
        return ()
    try:
        document = load_strict_object(data)
    except ValueError:
        return ()
    media_type, listed, config = document.get("mediaType"), document.get("manifests"), document.get("config")
    if (
        isinstance(listed, list)
        and not document.keys() & {"config", "layers", "fsLayers"}
        and media_type in (None, *_INDEXES)
    ):
        return tuple(filter(None, map(_read_digest, listed))) if len(listed) <= MAX_LISTED else ()
    if isinstance(config, dict) and "manifests" not in document and media_type in (None, *_MANIFESTS):
        digest = _read_digest(config) if config.get("mediaType") in (*_CONFIGS, *_DEFAULTS) else ""
        return (digest,) if digest else ()
    return ()


def _read_digest(descriptor: JSON) -> str:
    digest = to_text(to_object(descriptor).get("digest"))
    return digest if is_digest(digest) else ""


def read_all(documents: Iterable[bytes]) -> dict[str, tuple[str, ...]]:
    """What each document names, by its own digest."""
    return {compute_digest(data): list_below(data) for data in documents}


def find_same(digest: str, below: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """What also names this image, or more than it: indexes and manifests that lead here, and the only thing below it,
    as a configuration is below a manifest."""
    same = {digest}
    for _ in range(_MAX_DEPTH):
        same |= {document for document, listed in below.items() if not same.isdisjoint(listed)}
    for _ in range(_MAX_DEPTH):
        if len(only := below.get(digest, ())) == 1:
            same.add(digest := only[0])
    return frozenset(same)


def find_parents(top: str, below: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Each digest that `top` leads to, itself too, with the documents on the way there, from the top."""
    parents: dict[str, tuple[str, ...]] = {top: ()}
    layer = [top]
    for _ in range(_MAX_DEPTH):
        below_layer: list[str] = []
        for one in layer:
            for each in below.get(one, ()):
                if each not in parents:
                    parents[each] = (*parents[one], one)
                    below_layer.append(each)
        layer = below_layer
    return parents
