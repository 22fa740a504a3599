"""Makes tokens that Portero itself can verify: a key of `portero keygen`, what to say, until when."""

from collections.abc import Sequence

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def make(
    key: Ed25519PrivateKey, issuer: str, host_group: str, user: str, groups: Sequence[str], made: int, seconds: int
) -> str:
    """A token for one group of hosts, valid for so many seconds from `made` (since 1970) on."""
    claims = {
        "iss": issuer,
        "aud": host_group,
        "sub": user,
        "groups": [*groups],
        "iat": made,
        "exp": made + seconds,
    }
    return jwt.encode(claims, key, algorithm="EdDSA")
