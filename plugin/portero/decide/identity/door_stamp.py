"""The stamp of a door: who connected to it, signed with the door's key, for one minute and this boot of this host.

It is a JSON Web Token with its own type and header: no other token passes for it, nor it for one.
"""

from collections.abc import Sequence
from typing import NoReturn

import jwt
from jwt import PyJWS, PyJWTError

from portero.decide.identity.key_pairs import PrivateKey, PublicKey
from portero.decide.identity.trusted import STAMP_HEADER, USERS, are_groups, is_name
from portero.decide.values.dataclass import dataclass
from portero.decide.values.json_fields import WrongType, need
from portero.decide.values.json_objects import load_strict_object
from portero.decide.values.refusals import Refused

# Seconds.
LIFETIME = 60
_ALGORITHM, _TYPE = "EdDSA", "portero-door"
_MAX_LENGTH = 64 << 10
# The clock can be set back between door and plugin.
_CLOCK_STEP = 60
_JWS = PyJWS(algorithms=[_ALGORITHM])
_CLAIMS = frozenset({"aud", "door", "exp", "groups", "iat", "user"})


@dataclass(frozen=True, slots=True)
class Stamp:
    """`user` and `groups`: the account that connected to the users' door; empty at any other. `start`, `end`: times."""

    door: str
    user: str
    groups: tuple[str, ...]
    start: int
    end: int

    def is_valid(self, time: float) -> bool:
        """Whether it counts at this time."""
        return self.start - _CLOCK_STEP <= time < self.end


def make_stamp(key: PrivateKey, boot: str, door: str, user: str, groups: Sequence[str], now: int) -> str:
    """A stamp that is valid from now on (seconds since 1970)."""
    claims = {"aud": boot, "door": door, "user": user, "groups": [*groups], "iat": now, "exp": now + LIFETIME}
    return jwt.encode(claims, key, algorithm=_ALGORITHM, headers={"typ": _TYPE})


def read_stamp(text: str, key: PublicKey, boot: str) -> Stamp:
    """What a stamp for this boot says, whatever its time; raises Refused (door-invalid)."""
    if len(text) > _MAX_LENGTH:
        _refuse()
    try:
        decoded = _JWS.decode_complete(text, key=key, algorithms=[_ALGORITHM])
        claims = load_strict_object(decoded["payload"])
        (door, user), groups = (need(claims, name, str) for name in ("door", "user")), need(claims, "groups", list)
        start, end = (need(claims, name, int) for name in ("iat", "exp"))
    except (PyJWTError, ValueError, RecursionError, WrongType):
        _refuse()
    # Any other part of the header could change what is signed, or must be understood.
    if decoded["header"] != {"alg": _ALGORITHM, "typ": _TYPE} or claims.keys() != _CLAIMS or claims["aud"] != boot:
        _refuse()
    if not are_groups(groups) or not is_name(door) or not 0 < end - start <= LIFETIME:
        _refuse()
    if is_name(user) is not (door == USERS) or (door != USERS and groups):
        _refuse()
    return Stamp(door, user, tuple(groups), start, end)


def _refuse() -> NoReturn:
    # `from None`: the library's message may repeat a part of the stamp.
    raise Refused("door-invalid", STAMP_HEADER) from None
