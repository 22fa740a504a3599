"""Tokens for tests, signed or forged piece by piece."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from portero.decide.identity.keys import Key
from portero.decide.identity.trusted import TokenIssuer

NOON = 1_800_000_000
ISSUER = "https://login.example.com"
ED = Ed25519PrivateKey.generate()
EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
CLAIMS: Mapping[str, Any] = {
    "iss": ISSUER,
    "aud": "web",
    "iat": NOON - 60,
    "exp": NOON + 600,
    "sub": "alicia",
    "groups": ["dev"],
}


def encode(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def sign_as(algorithm: str, text: bytes) -> bytes:
    """The signature by the test's key for this algorithm."""
    if algorithm == "EdDSA":
        return ED.sign(text)
    if algorithm == "ES256":
        r, s = decode_dss_signature(EC.sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return RSA.sign(text, padding.PKCS1v15(), hashes.SHA256())


def token(
    claims: Mapping[str, Any] | bytes = CLAIMS, header: Mapping[str, Any] | bytes | None = None, **say: Any
) -> str:
    """A signed token; `header` as it is, or that of EdDSA; `say` changes claims, None removes one."""
    head = {"alg": "EdDSA", "typ": "JWT"} if header is None else header
    if not isinstance(claims, bytes):
        claims = json.dumps({name: value for name, value in {**claims, **say}.items() if value is not None}).encode()
    algorithm = "EdDSA" if isinstance(head, bytes) else str(head.get("alg"))
    if not isinstance(head, bytes):
        head = json.dumps(head).encode()
    signed = f"{encode(head)}.{encode(claims)}"
    return f"{signed}.{encode(sign_as(algorithm, signed.encode()))}"


def issuers(**changed: Any) -> dict[str, TokenIssuer]:
    """The issuer of the test's tokens, with its three keys."""
    keys = (
        Key("EdDSA", None, ED.public_key()),
        Key("ES256", "ec", EC.public_key()),
        Key("RS256", "r", RSA.public_key()),
    )
    plain: dict[str, Any] = {"keys": keys, "user": "sub", "groups": "groups", "lifetime": 3600}
    return {ISSUER: TokenIssuer(**{**plain, **changed})}
