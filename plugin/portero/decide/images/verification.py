"""Verifies a record by the keys of the policy: who vouches for the digest that it is about."""

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from portero.decide.identity.keys import Public
from portero.decide.images.payloads import frame_payload, read_claim
from portero.decide.images.record import Record, Signature, find_parents, find_same, read_all
from portero.decide.images.trust import Verified, Voucher
from portero.decide.values.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class SiteKey:
    """A key of the policy, and the files in keys/ that have it."""

    public: Public
    files: frozenset[str]


def index_keys(keys: Mapping[str, Sequence[Public]]) -> Mapping[str, SiteKey]:
    """The keys of these files by their fingerprints."""
    found: dict[str, SiteKey] = {}
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    for name, public in ((name, public) for name, several in keys.items() for public in several):
        fingerprint = sha256(public.public_bytes(serialization.Encoding.DER, form)).hexdigest()
        before = found[fingerprint].files if fingerprint in found else frozenset()
        found[fingerprint] = SiteKey(public, before | {name})
    return found


def verify_record(digest: str, record: Record, keys: Mapping[str, SiteKey]) -> Verified:
    """Who vouches for this digest, or for a part of it; `keys` by their fingerprints."""
    below = read_all(record.documents)
    vouchers: list[Voucher] = []
    seen = Counter(record.seen)
    under = find_parents(digest, below)
    for signature in dict.fromkeys(record.signatures):
        key = keys.get(signature.key)
        if key is None or not verify_signature(key.public, signature):
            seen["other-key"] += 1
            continue
        claim = read_claim(signature.form, signature.payload)
        if claim is None:
            seen["no-signature-of-image"] += 1
            continue
        is_whole = digest in find_parents(claim.digest, below)
        if is_whole or claim.digest in under:
            vouchers.append(Voucher(key.files, claim.repository, claim.annotations, is_part=not is_whole))
        else:
            seen["other-digest"] += 1
    return Verified(tuple(vouchers), seen, find_same(digest, below))


def find_signer(signature: Signature, keys: Mapping[str, SiteKey]) -> str | None:
    """The fingerprint of the key that made this signature."""
    return next((fingerprint for fingerprint, key in keys.items() if verify_signature(key.public, signature)), None)


def verify_signature(key: Public, signature: Signature) -> bool:
    signed = frame_payload(signature.form, signature.payload)
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature.signature, signed)
        elif isinstance(key, EllipticCurvePublicKey):
            key.verify(signature.signature, signed, ECDSA(SHA256()))
        else:
            key.verify(signature.signature, signed, PKCS1v15(), SHA256())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
