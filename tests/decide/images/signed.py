"""Images, keys and signatures as cosign makes them, for tests: bytes and values, no registry."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from portero.decide.images.payloads import Form, frame_payload
from portero.decide.images.record import Signature, compute_digest
from portero.decide.images.verification import index_keys

PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey | RSAPrivateKey
APP = "registry.example.com/team/app"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SIGN = "https://sigstore.dev/cosign/sign/v1"


def dump(document: Any) -> bytes:
    return json.dumps(document).encode()


def new_key() -> EllipticCurvePrivateKey:
    return generate_private_key(SECP256R1())


def public_pem(key: PrivateKey) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form)


def make_signature(key: PrivateKey, data: bytes) -> bytes:
    if isinstance(key, Ed25519PrivateKey):
        return key.sign(data)
    if isinstance(key, EllipticCurvePrivateKey):
        return key.sign(data, ECDSA(SHA256()))
    return key.sign(data, PKCS1v15(), SHA256())


@dataclass(frozen=True)
class Image:
    """An index of two platforms; the daemon's own is the first."""

    config: bytes
    manifest: bytes
    other: bytes
    index: bytes

    @classmethod
    def make(cls, mark: str = "1") -> "Image":
        config = dump({"architecture": "amd64", "os": "linux", "config": {"Labels": {"mark": mark}}})
        manifest, other = (_manifest(compute_digest(each)) for each in (config, config + b" "))
        return cls(config, manifest, other, make_index(manifest, other))

    @property
    def documents(self) -> tuple[bytes, ...]:
        return self.index, self.manifest, self.other


def _manifest(config: str) -> bytes:
    about = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 1}
    return dump({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": about, "layers": []})


def describe(data: bytes, media_type: str = OCI_MANIFEST, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": compute_digest(data), "size": len(data), **more}


def make_index(*manifests: bytes) -> bytes:
    platforms = ({"os": "linux", "architecture": name} for name in ("amd64", "arm64", "s390x", "ppc64le"))
    listed = [describe(each, platform=platform) for each, platform in zip(manifests, platforms, strict=False)]
    return dump({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed})


def simple_payload(digest: str, repository: str = APP, annotations: Mapping[str, str] | None = None) -> bytes:
    critical = {
        "identity": {"docker-reference": repository},
        "image": {"docker-manifest-digest": digest},
        "type": "cosign container image signature",
    }
    return dump({"critical": critical, "optional": annotations})


def statement_payload(digest: str, annotations: Mapping[str, str] | None = None, predicate: str = SIGN) -> bytes:
    subject = {
        "digest": {"sha256": digest.removeprefix("sha256:")},
        **({"annotations": annotations} if annotations else {}),
    }
    statement = {"_type": "https://in-toto.io/Statement/v1", "subject": [subject], "predicateType": predicate}
    return dump({**statement, "predicate": {}})


def sign(key: PrivateKey, payload: bytes, form: Form = "simple") -> Signature:
    return Signature(form, payload, make_signature(key, frame_payload(form, payload)), fingerprint(key))


def fingerprint(key: PrivateKey) -> str:
    """By which who fetched a signature names its key."""
    return next(iter(index_keys({"": [key.public_key()]})))


def make_bundle(signature: Signature, **material: Any) -> bytes:
    """As cosign 3 writes it (protobuf-specs, sigstore_bundle.proto)."""
    envelope = {
        "payload": base64.b64encode(signature.payload).decode(),
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [{"sig": base64.b64encode(signature.signature).decode()}],
    }
    return dump(
        {
            "mediaType": BUNDLE,
            "verificationMaterial": material or {"publicKey": {"hint": "x"}},
            "dsseEnvelope": envelope,
        }
    )


def simple_manifest(*signatures: Signature, subject: bytes | None = None, certificate: bool = False) -> bytes:
    """What cosign 2 puts at the tag sha256-HEX.sig, or as a referrer."""
    layers = []
    for one in signatures:
        notes = {"dev.cosignproject.cosign/signature": base64.b64encode(one.signature).decode()}
        notes |= {"dev.sigstore.cosign/certificate": "-----BEGIN CERTIFICATE-----"} if certificate else {}
        layers.append(describe(one.payload, "application/vnd.dev.cosign.simplesigning.v1+json", annotations=notes))
    return _artifact(layers, "application/vnd.dev.cosign.artifact.sig.v1+json", subject)


def bundle_manifest(bundle: bytes, subject: bytes) -> bytes:
    """The referrer of cosign 3."""
    return _artifact([describe(bundle, BUNDLE)], BUNDLE, subject)


def _artifact(layers: list[dict[str, Any]], kind: str, subject: bytes | None) -> bytes:
    manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": kind, "layers": layers}
    manifest["config"] = describe(b"{}", "application/vnd.oci.empty.v1+json")
    return dump(manifest | ({"subject": describe(subject)} if subject is not None else {}))
