"""Makes and reads JSON Web Tokens (RFC 7519): who signed one, for which host, until when, for which user and groups.

In: the header's value, the site's issuers, the host's names, a time. Out: user and groups. Refused: whatever is not
exactly one signed token. The key's type decides by which algorithm it is verified. No message repeats any part.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import NoReturn, get_args

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt import PyJWS, PyJWTError

from portero.decide.identity.keys import Algorithm, Key
from portero.decide.identity.trusted import CLOCKS_DIFFER, TOKEN_HEADER, Bearer, TokenIssuer, are_groups, is_name
from portero.decide.values.json_fields import JSON, to_text
from portero.decide.values.json_objects import load_strict_object
from portero.decide.values.refusals import Refused

_MAX_LENGTH = 8192
_PARTS = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+")
_ALGORITHMS = get_args(Algorithm)
_LATEST = float(1 << 53)
_JWS = PyJWS(algorithms=_ALGORITHMS)


def read_token(token: str, issuers: Mapping[str, TokenIssuer], audiences: Sequence[str], time: float) -> Bearer:
    """The user of a token at a time; raises Refused with one of the token-... codes."""
    header, claims = read_parts(token)
    issuer = issuers.get(to_text(claims.get("iss")))
    # Signed by a key pair, and nothing in the header that changes what is signed or must be understood.
    if header.get("alg") not in _ALGORITHMS or header.keys() & {"crit", "b64"}:
        _refuse("invalid")
    if issuer is None or not _is_signed(token, header, issuer):
        _refuse("untrusted")
    seconds, start, end = _check_times(claims, time)
    says_all = all(claims.get(name) in allowed for name, allowed in issuer.claims.items())
    if seconds > issuer.lifetime or not _is_for(claims, audiences) or not says_all:
        _refuse("untrusted")
    user, groups = to_text(claims.get(issuer.user)), _list_groups(claims.get(issuer.groups))
    if not is_name(user):
        _refuse("invalid")
    return Bearer(user, groups, seconds, start, end)


def read_parts(token: str) -> tuple[dict[str, JSON], dict[str, JSON]]:
    """Header and claims of a token, not verified; raises Refused (token-invalid) for other text."""
    parts = _PARTS.fullmatch(token) if len(token) <= _MAX_LENGTH else None
    if parts is None:
        _refuse("invalid")
    return _decode(parts[1]), _decode(parts[2])


def _refuse(why: str) -> NoReturn:
    # `from None`: the library's message may repeat a part of the token.
    raise Refused(f"token-{why}", TOKEN_HEADER) from None


def _decode(part: str) -> dict[str, JSON]:
    try:
        return load_strict_object(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        _refuse("invalid")


def _is_signed(token: str, header: Mapping[str, JSON], issuer: TokenIssuer) -> bool:
    id = header.get("kid")
    keys = [key for key in issuer.keys if key.algorithm == header["alg"] and (None in (id, key.id) or key.id == id)]
    return any(_holds(token, key) for key in keys)


def _holds(token: str, key: Key) -> bool:
    try:
        _JWS.decode(token, key=key.public, algorithms=[key.algorithm])
    except (PyJWTError, ValueError):
        return False
    return True


def _check_times(claims: Mapping[str, JSON], time: float) -> tuple[float, float, float]:
    """The seconds for which the token is valid altogether, its start and its end; refuses one that is not valid now."""
    end, begin, made = (_read_time(claims, name) for name in ("exp", "nbf", "iat"))
    start = begin if made is None else made
    if end is None or start is None:
        _refuse("invalid")
    if time >= end or any(moment is not None and moment > time + CLOCKS_DIFFER for moment in (begin, made)):
        _refuse("expired")
    return end - start, max(start, begin or 0.0), end


def _read_time(claims: Mapping[str, JSON], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST:
        _refuse("invalid")
    return float(value)


def _is_for(claims: Mapping[str, JSON], audiences: Sequence[str]) -> bool:
    named = claims.get("aud")
    return any(audience in audiences for audience in (named if isinstance(named, list) else [named]))


def _list_groups(value: JSON) -> tuple[str, ...]:
    """One name or a list of them; a user without any has none."""
    names: list[JSON] = value if isinstance(value, list) else [] if value is None else [value]
    if not are_groups(names):
        _refuse("invalid")
    return tuple(dict.fromkeys(names))


def make_token(
    key: Ed25519PrivateKey, issuer: str, host_group: str, user: str, groups: Sequence[str], made: int, seconds: int
) -> str:
    """A token for one group of hosts, valid for so many seconds from `made` (since 1970) on."""
    claims = {"iss": issuer, "aud": host_group, "sub": user, "groups": [*groups], "iat": made, "exp": made + seconds}
    return jwt.encode(claims, key, algorithm="EdDSA")
