"""Whom the site trusts to say who asks: issuers of tokens and certificates, with their public keys, and doors.

And which names of users and groups are taken from them: one line of text, not too long.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeGuard

from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.json_fields import JSON

if TYPE_CHECKING:  # slow to load, and needed only where a site lists issuers
    from cryptography.x509 import Certificate

    from portero.decide.identity.keys import Key

# As dockerd forwards it: of repeated headers only the last, whatever their case.
TOKEN_HEADER = "X-Portero-Token"  # noqa: S105 - the name of a header
STAMP_HEADER = "X-Portero-Door"
# Clocks differ: a token that was made just now may come from the future. Its end is exact.
CLOCKS_DIFFER = 60.0


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who holds a token. `seconds`: how long it is valid altogether. `start`, `end`: since 1970."""

    user: str
    groups: tuple[str, ...]
    seconds: float
    start: float
    end: float

    def is_valid(self, time: float) -> bool:
        """Whether a token that was verified once is valid at this time."""
        return self.start - CLOCKS_DIFFER <= time < self.end


_MAX_LENGTH = 128
_MAX_GROUPS = 256
# The door of the host's accounts, which it stamps; every other one stamps itself.
USERS = "users"


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
class Door:
    """A door that the site lists: the groups of its users, at the users' door those of them that the host says too.

    `same_names`: a name of an account and one of an issuer are the same person's.
    """

    groups: tuple[str, ...] = ()
    same_names: bool = False


@dataclass(frozen=True, slots=True)
class Trusted:
    """`token_issuers` by the claim `iss`. Without `certificate_issuers` dockerd alone decides about certificates.

    `user_groups`: further groups of a user, beside those of certificate, token or door. `doors` by name. `verified`:
    tokens of these issuers that were verified, by digest and audiences.
    """

    token_issuers: Mapping[str, TokenIssuer] = field(default_factory=dict)
    certificate_issuers: "tuple[Certificate, ...]" = ()
    user_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    doors: Mapping[str, Door] = field(default_factory=dict)
    verified: "dict[tuple[bytes | str, ...], Bearer]" = field(
        default_factory=dict, init=False, repr=False, compare=False
    )


def are_groups(names: list[JSON]) -> TypeGuard[list[str]]:
    """Whether all of them can be names of groups, and they are not too many."""
    return len(names) <= _MAX_GROUPS and all(map(is_name, names))


def is_name(text: object) -> bool:
    """Whether this can be the name of a user or a group: no control characters, no spaces around it."""
    return isinstance(text, str) and 0 < len(text) <= _MAX_LENGTH and text.isprintable() and text == text.strip()
