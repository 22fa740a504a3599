"""What a signature of an image says: the signed bytes in, digest, repository and annotations out.

Two forms: simple signing (containers/image, docs/containers-signature.5.md; cosign 2), which names digest and
repository, and an in-toto statement (cosign 3), which names the digest alone. Whatever else is signed is no signature
of an image: an SBOM by the same key vouches for nothing.
"""

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from portero.decide.values.dataclass import dataclass
from portero.decide.values.docker_names import is_digest
from portero.decide.values.image_names import HUB, LEGACY_HUB
from portero.decide.values.json_fields import JSON, as_object, need
from portero.decide.values.json_objects import load_strict_object

Form: TypeAlias = Literal["simple", "statement"]

# Bytes of a payload; cosign writes some 250, and as many again for annotations.
MAX_PAYLOAD = 64 << 10
_STATEMENT_TYPE = b"application/vnd.in-toto+json"
_TYPES = ("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1")
_PREDICATE = "https://sigstore.dev/cosign/sign/v1"
_SIMPLE_TYPE = "cosign container image signature"
_REPOSITORY = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}(?:/[a-z0-9._-]{1,255}){1,16}")


@dataclass(frozen=True, slots=True)
class Claim:
    """`digest`: sha256:..., of an index or a manifest. `repository`: with its registry; empty where none is named."""

    digest: str
    repository: str
    annotations: Mapping[str, str]


def frame_payload(form: Form, payload: bytes) -> bytes:
    """The bytes under the signature: a statement is signed with its type (DSSE, protocol.md)."""
    if form == "simple":
        return payload
    return b"DSSEv1 %d %s %d %s" % (len(_STATEMENT_TYPE), _STATEMENT_TYPE, len(payload), payload)


def read_claim(form: Form, payload: bytes) -> Claim | None:
    """What these bytes, whose signature holds, say; None: they are no signature of an image."""
    if len(payload) > MAX_PAYLOAD:
        return None
    try:
        document = load_strict_object(payload)
        return _read_simple(document) if form == "simple" else _read_statement(document)
    except (ValueError, KeyError, TypeError):
        return None


def _read_simple(document: Mapping[str, JSON]) -> Claim | None:
    critical = need(document, "critical", dict)
    digest = need(need(critical, "image", dict), "docker-manifest-digest", str)
    repository = _find_repository(need(need(critical, "identity", dict), "docker-reference", str))
    if critical["type"] != _SIMPLE_TYPE or not is_digest(digest) or not repository:
        return None
    return Claim(digest, repository, _read_annotations(document.get("optional")))


def _read_statement(document: Mapping[str, JSON]) -> Claim | None:
    subjects = need(document, "subject", list)
    # Of several subjects it would not be clear which one an annotation is about.
    if document["_type"] not in _TYPES or document["predicateType"] != _PREDICATE or len(subjects) != 1:
        return None
    subject = as_object(subjects[0], "subject")
    digest = f"sha256:{need(subject, 'digest', dict)['sha256']}"
    return Claim(digest, "", _read_annotations(subject.get("annotations"))) if is_digest(digest) else None


def _find_repository(reference: str) -> str:
    """Registry and repository of a name, without tag and digest; empty for anything else."""
    name = reference.partition("@")[0]
    head, slash, last = name.rpartition("/")
    name = f"{head}{slash}{last.partition(':')[0]}"
    registry, _, rest = name.partition("/")
    if registry == LEGACY_HUB:
        name = f"{HUB}/{rest}"
    return name if _REPOSITORY.fullmatch(name) else ""


def _read_annotations(value: JSON) -> dict[str, str]:
    """Those that are text; no entry can ask for others."""
    return {name: text for name, text in as_object(value or None, "annotations").items() if isinstance(text, str)}
