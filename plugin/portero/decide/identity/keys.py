"""Reads the public keys and certificates in a file of a policy folder's keys/: PEM, or a JSON Web Key Set (.jwks).

In: the file's name and bytes. Out: keys for Ed25519, P-256 or RSA, and certificates of authorities. Refused: private
and shared keys, which have no place in a policy, and files that hold nothing that can be used.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Literal, TypeAlias, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWTError
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from portero.decide.values.dataclass import dataclass
from portero.decide.values.errors import ContentRefused
from portero.decide.values.json_fields import JSON
from portero.decide.values.json_objects import load_strict_object

Algorithm: TypeAlias = Literal["EdDSA", "ES256", "RS256"]
Public: TypeAlias = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----.*?-----END \1-----", re.DOTALL)
_MIN_RSA_BITS = 2048
_MAX_KEYS = 64
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_PUT_PUBLIC = "put only public keys into a policy, and make a new key: this one has been shown"


@dataclass(frozen=True, slots=True)
class Key:
    """A public key. Its type decides by which algorithm a token is verified, the token does not. `id`: its `kid`."""

    algorithm: Algorithm
    id: str | None
    public: Public


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What a file holds: `keys` that verify tokens, `certificates` of authorities."""

    keys: tuple[Key, ...] = ()
    certificates: tuple[x509.Certificate, ...] = ()


def read_key_file(name: str, data: bytes) -> KeyFile:
    """The content of a file by its name's ending; raises ContentRefused."""
    try:
        content = _read_key_set(data) if name.endswith(".jwks") else _read_pem(data)
    except (ValueError, UnsupportedAlgorithm, RecursionError, x509.InvalidVersion, x509.DuplicateExtension):
        raise ContentRefused("cannot be read: write PEM into .pem, a JSON Web Key Set into .jwks") from None
    if not content.keys and not content.certificates:
        raise ContentRefused("holds no key for Ed25519, P-256 or RSA and no certificate: put one there, or remove it")
    if len(content.keys) > _MAX_KEYS or len(content.certificates) > _MAX_KEYS:
        raise ContentRefused(f"holds more than {_MAX_KEYS} keys: remove those that are no longer used")
    return content


def _read_pem(data: bytes) -> KeyFile:
    keys: list[Key] = []
    certificates: list[x509.Certificate] = []
    for block in _BLOCK.finditer(data.decode()):
        text = block[0].encode()
        if "PRIVATE" in block[1]:
            raise ContentRefused(f"holds a private key: {_PUT_PUBLIC}")
        if block[1] == "PUBLIC KEY":
            key = _make_key(serialization.load_pem_public_key(text), None)
            if key is None:
                raise ContentRefused("holds a key of another kind than Ed25519, P-256 or RSA: replace it")
            keys.append(key)
        elif block[1] == "CERTIFICATE":
            certificates.append(_read_authority(text))
    return KeyFile(tuple(keys), tuple(certificates))


def _read_authority(text: bytes) -> x509.Certificate:
    certificate = x509.load_pem_x509_certificate(text)
    with suppress(x509.ExtensionNotFound):
        if certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return certificate
    raise ContentRefused("holds a certificate that is no authority (CA): put the one that issued it there")


def _read_key_set(data: bytes) -> KeyFile:
    entries = load_strict_object(data).get("keys")
    if not isinstance(entries, list):
        raise ContentRefused('is not a JSON Web Key Set: write {"keys": [...]}')
    keys: list[Key] = []
    for entry in entries:
        if not isinstance(entry, dict):
            raise ContentRefused("has an entry that is not an object: write each key as {...}")
        if entry.keys() & _PRIVATE:
            raise ContentRefused(f"holds a private or shared key: {_PUT_PUBLIC}")
        key = _read_entry(entry)
        # A provider's set holds keys for other purposes too: they verify no token.
        if key is not None and entry.get("use", "sig") == "sig" and entry.get("alg", key.algorithm) == key.algorithm:
            keys.append(key)
    return KeyFile(tuple(keys))


def _read_entry(entry: Mapping[str, JSON]) -> Key | None:
    reader = _READERS.get(f"{entry.get('kty')} {entry.get('crv', '')}")
    id = entry.get("kid")
    if reader is None or not isinstance(id, str | None):
        return None
    try:
        return _make_key(reader.from_jwk(cast("dict[str, str]", dict(entry))), id)
    except (PyJWTError, TypeError, KeyError, AttributeError):
        raise ContentRefused("has a key whose parts do not fit together: fetch the set again") from None


def _make_key(public: object, id: str | None) -> Key | None:
    if isinstance(public, Ed25519PublicKey):
        return Key("EdDSA", id, public)
    if isinstance(public, EllipticCurvePublicKey) and isinstance(public.curve, SECP256R1):
        return Key("ES256", id, public)
    if isinstance(public, RSAPublicKey):
        if public.key_size < _MIN_RSA_BITS:
            raise ContentRefused(f"holds an RSA key of less than {_MIN_RSA_BITS} bits: make a longer one")
        return Key("RS256", id, public)
    return None


# By kty and crv.
_READERS: Mapping[str, type[ECAlgorithm] | type[OKPAlgorithm] | type[RSAAlgorithm]] = {
    "OKP Ed25519": OKPAlgorithm,
    "EC P-256": ECAlgorithm,
    "RSA ": RSAAlgorithm,
}
