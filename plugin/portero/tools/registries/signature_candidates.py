"""Finds what may be signatures of a digest in a registry, in each of the three places where cosign puts them.

The tag sha256-HEX.sig (cosign 2), and referrers: asked for by the API, or listed under the tag sha256-HEX where a
registry has none (OCI distribution-spec, "Referrers Tag Schema"). What a type says of itself is not trusted.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping

from portero.decide.images.payloads import MAX_PAYLOAD
from portero.decide.images.record import ACCEPTED, Signature, compute_digest
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.docker_names import is_digest
from portero.decide.values.json_fields import JSON, child, objects, text, to_object, to_objects
from portero.decide.values.json_objects import load_strict_object
from portero.tools.registries.https import TransportFailed
from portero.tools.registries.registry import Registry

# Bytes of a list of signatures, room for 10,000 of them, and of a bundle; and how many of each are read.
_MAX_LIST = 8 << 20
_MAX_BUNDLE = 256 << 10
_MAX_REFERRERS = 1000
_MAX_BLOBS = 1000
_SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
_BUNDLE = "application/vnd.dev.sigstore.bundle"
_SIGNATURE = "dev.cosignproject.cosign/signature"
_CERTIFICATE = "dev.sigstore.cosign/certificate"


@dataclass(slots=True)
class Candidates:
    """Asks one repository. `keyless`: how many signatures had a certificate instead of a key.

    `failed`: what could not be had, last. It stops nothing: a user who writes there must not hide what others signed.
    """

    registry: Registry
    keyless: int = 0
    failed: TransportFailed | None = None
    _blobs: dict[str, bytes | None] = field(default_factory=dict)

    def find_signatures(self, digest: str) -> Iterator[Signature]:
        """What may be a signature of this digest."""
        tag = digest.replace(":", "-")
        yield from self._read_layers(self._parse(self._ask(f"manifests/{tag}.sig", ACCEPTED, _MAX_LIST)))
        try:
            listed = self.registry.find_content(f"referrers/{digest}", ACCEPTED, _MAX_LIST)
        except TransportFailed:
            # A registry without the API may say so in other ways than that there is nothing.
            listed = None
        if listed is None:
            listed = self._ask(f"manifests/{tag}", ACCEPTED, _MAX_LIST)
        referrers = to_objects(self._parse(listed).get("manifests"))
        if len(referrers) > _MAX_REFERRERS:
            self._warn_of_bound(_MAX_REFERRERS, "referrers")
        for descriptor in referrers[:_MAX_REFERRERS]:
            yield from self._read_layers(self._parse(self._fetch("manifests", descriptor, _MAX_BUNDLE)))

    def _read_layers(self, manifest: Mapping[str, JSON]) -> Iterator[Signature]:
        for layer in to_objects(manifest.get("layers")):
            kind = layer.get("mediaType")
            if kind == _SIMPLE:
                yield from self._read_simple(layer)
            elif isinstance(kind, str) and kind.startswith(_BUNDLE):
                yield from self._read_bundle(self._fetch("blobs", layer, _MAX_BUNDLE))

    def _read_simple(self, layer: Mapping[str, JSON]) -> Iterator[Signature]:
        named = to_object(layer.get("annotations"))
        signature = _decode(named.get(_SIGNATURE))
        self.keyless += _CERTIFICATE in named
        payload = self._fetch("blobs", layer, MAX_PAYLOAD) if signature else None
        if payload is not None:
            yield Signature("simple", payload, signature)

    def _read_bundle(self, data: bytes | None) -> Iterator[Signature]:
        """The envelope in a Sigstore bundle (protobuf-specs, sigstore_bundle.proto)."""
        bundle = self._parse(data)
        try:
            envelope, material = child(bundle, "dsseEnvelope"), child(bundle, "verificationMaterial")
            payload = _decode(text(envelope, "payload"))
            signatures = [_decode(text(one, "sig")) for one in objects(envelope, "signatures")]
        except Exception:  # noqa: BLE001 - any other shape is no bundle
            return
        self.keyless += bool(material.keys() & {"certificate", "x509CertificateChain"})
        for signature in signatures[:4]:
            if 0 < len(payload) <= MAX_PAYLOAD and signature:
                yield Signature("statement", payload, signature)

    def _fetch(self, kind: str, descriptor: Mapping[str, JSON], max_bytes: int) -> bytes | None:
        """What has the digest of a descriptor; None: the registry has something else, or nothing, or too much."""
        digest, size = descriptor.get("digest"), descriptor.get("size")
        if not isinstance(digest, str) or not is_digest(digest) or (isinstance(size, int) and size > max_bytes):
            return None
        if digest not in self._blobs and len(self._blobs) >= _MAX_BLOBS:
            self._warn_of_bound(_MAX_BLOBS, "payloads")
        elif digest not in self._blobs:
            data = self._ask(f"{kind}/{digest}", ACCEPTED if kind == "manifests" else "", max_bytes)
            self._blobs[digest] = data if data is not None and compute_digest(data) == digest else None
        return self._blobs.get(digest)

    def _ask(self, path: str, accept: str, max_bytes: int) -> bytes | None:
        try:
            return self.registry.find_content(path, accept, max_bytes)
        except TransportFailed as failed:
            self.failed = failed
            return None

    def _warn_of_bound(self, maximum: int, what: str) -> None:
        self.failed = TransportFailed(
            f"{self.registry.address.host}: more than {maximum} {what} are beside this image, and no more are read: "
            "remove those that are no signatures"
        )

    @staticmethod
    def _parse(data: bytes | None) -> Mapping[str, JSON]:
        try:
            return load_strict_object(data) if data is not None else {}
        except ValueError:
            return {}


def _decode(value: JSON) -> bytes:
    """What is written in base64; empty where it is not."""
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        return b""
