"""Verifies a record by the keys of the policy: who vouches for the digest that it is about."""

from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from portero.identity.keys import Public
from portero.images import documents
from portero.images.payloads import PayloadRefused, frame, read_claim
from portero.images.record import Record, Signature
from portero.images.trust import Verified, Voucher


def verify_record(digest: str, record: Record, keys: Mapping[str, Sequence[Public]]) -> Verified:
    """Who vouches for this digest, or for a part of it; `keys` by the name of their file."""
    below = documents.read_all(record.documents)
    vouchers: list[Voucher] = []
    seen = dict(record.seen)
    under = documents.find_ways(digest, below)
    for signature in dict.fromkeys(record.signatures):
        names = find_signers(signature, keys)
        if not names:
            _count(seen, "other-key")
            continue
        try:
            claim = read_claim(signature.form, signature.payload)
        except PayloadRefused:
            _count(seen, "no-signature-of-image")
            continue
        is_whole = digest in documents.find_ways(claim.digest, below)
        if is_whole or claim.digest in under:
            vouchers.append(Voucher(names, claim.repository, claim.annotations, is_part=not is_whole))
        else:
            _count(seen, "other-digest")
    return Verified(tuple(vouchers), seen, documents.find_same(digest, below))


def find_signers(signature: Signature, keys: Mapping[str, Sequence[Public]]) -> frozenset[str]:
    """The files whose keys made this signature."""
    signed = frame(signature.form, signature.payload)
    return frozenset(
        name for name, several in keys.items() if any(_holds(key, signature.signature, signed) for key in several)
    )


def _holds(key: Public, signature: bytes, signed: bytes) -> bool:
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, signed)
        elif isinstance(key, EllipticCurvePublicKey):
            key.verify(signature, signed, ECDSA(SHA256()))
        else:
            key.verify(signature, signed, PKCS1v15(), SHA256())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _count(seen: dict[str, int], what: str) -> None:
    seen[what] = seen.get(what, 0) + 1
