"""Whom the site trusts to say who asks: issuers of tokens and of certificates, with their public keys.

And which names of users and groups are taken from them: one line of text, not too long.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # slow to load, and needed only where a site lists issuers
    from cryptography.x509 import Certificate

    from portero.identity.keys import Key

_MAX_LENGTH = 128


@dataclass(frozen=True, slots=True)
class TokenIssuer:
    """Who signs tokens. `user` and `groups` name the claims; `lifetime`: the most seconds of a token.

    `claims`: what else a token must say, each claim with the values that it may have.
    """

    keys: "tuple[Key, ...]"
    user: str
    groups: str
    lifetime: int
    claims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trusted:
    """`token_issuers` by the claim `iss`. Without `certificate_issuers` dockerd alone decides about certificates.

    `user_groups`: further groups of a user, beside those of certificate or token.
    """

    token_issuers: Mapping[str, TokenIssuer] = field(default_factory=dict)
    certificate_issuers: "tuple[Certificate, ...]" = ()
    user_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def is_name(text: object) -> bool:
    """Whether this can be the name of a user or a group: no control characters, no spaces around it."""
    return isinstance(text, str) and 0 < len(text) <= _MAX_LENGTH and text.isprintable() and text == text.strip()
