"""Who asks: what certificate, token and door of one request prove, together. Refused: when they contradict."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from portero.decide.identity.trusted import STAMP_HEADER, TOKEN_HEADER, Door, Trusted
from portero.decide.values.dataclass import dataclass, field, replace
from portero.decide.values.json_fields import JSON, need, need_texts
from portero.decide.values.refusals import Refused

if TYPE_CHECKING:  # slow to load, and needed only where tokens or doors are used
    from portero.decide.identity.door_stamp import Stamp
    from portero.decide.identity.trusted import Bearer

_TLS, TOKEN, DOOR = "tls", "token", "door"
# Each with the two that it is made of.
PAIRS: Mapping[str, tuple[str, str]] = {f"{first}+{TOKEN}": (first, TOKEN) for first in (_TLS, DOOR)}
METHODS = (_TLS, TOKEN, DOOR, *PAIRS)
SITE = "site"
# How the names of users begin that doors alone give: of the doors themselves, and of the host's accounts.
DOOR_PREFIX, ACCOUNT_PREFIX = "door:", "unix:"
# Tokens that were verified and are kept.
_MAX_CACHED = 1024
_TOKEN_NAME, _STAMP_NAME = TOKEN_HEADER.lower(), STAMP_HEADER.lower()


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. `method`: how it was proved: tls, token, door, tls+token, door+token; empty: unknown.

    `names`: the certificate's alternative names. `seconds`: how long the token is valid altogether; None: no token.
    `account`: of the host, that connected to the users' door; empty: not known.
    `sources`: where the groups are from, tls, token, door or site; empty where all are from the one method.
    """

    user: str = ""
    groups: tuple[str, ...] = ()
    method: str = ""
    names: tuple[str, ...] = ()
    seconds: float | None = None
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    account: str = ""

    @property
    def methods(self) -> tuple[str, ...]:
        """Each way by which the user is known."""
        return (self.method, *PAIRS.get(self.method, ()))

    def list_groups_by(self, *methods: str) -> frozenset[str]:
        """The groups that one of these methods proves (`site`: that the site lists); a pair of them proves all."""
        if not self.sources or (self.method in PAIRS and self.method in methods):
            return frozenset(self.groups)
        return frozenset(group for method in methods for group in self.sources.get(method, ()))

    def make_document(self) -> dict[str, JSON]:
        """`identity` of the request document."""
        shown: dict[str, JSON] = {"user": self.user, "groups": [*self.groups], "method": self.method}
        return {**shown, "names": [*self.names], **({"account": self.account} if self.account else {})}

    @classmethod
    def of(cls, document: JSON) -> "Identity":
        """From such a document, of which each part may be missing; raises TypeError for anything else."""
        if not isinstance(document, dict):
            raise TypeError
        shown: dict[str, JSON] = {"user": "", "method": "", "groups": [], "names": [], "account": "", **document}
        groups, names = tuple(need_texts(shown, "groups")), tuple(need_texts(shown, "names"))
        user, method, account = (need(shown, name, str) for name in ("user", "method", "account"))
        return cls(user, groups, method, names, account=account)


NO_IDENTITY = Identity()


class StampReader(Protocol):
    """Reads stamps of doors, by their key."""

    def read_stamp(self, text: str, time: float) -> "Stamp":
        """Who is at the door; raises Refused with a door-... code, or host-unreadable."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What dockerd shows of the client.

    `user` and `method`: as dockerd names them itself; `certificates`: those of its connection, the client's first.
    """

    user: str
    method: str
    certificates: Sequence[str]
    headers: Mapping[str, str]


def identify_caller(
    shown: Credentials, trusted: Trusted, audiences: Sequence[str], time: float, door_key: StampReader | None = None
) -> Identity:
    """The user of a request at a time; raises Refused with a certificate-, token-, door- or identity-... code.

    `audiences`: the names of this host, one of which a token must be for. `door_key`: without it no stamp counts.
    """
    headers = shown.headers
    if not (shown.user or shown.method or shown.certificates or _TOKEN_NAME in headers or _STAMP_NAME in headers):
        return NO_IDENTITY
    return _add_listed(_read_credentials(shown, trusted, audiences, time, door_key), trusted)


def identify_at_door(door: str, account: str, groups: tuple[str, ...], trusted: Trusted) -> Identity:
    """Who connects to a door, for who knows it without a stamp; raises Refused (door-unlisted)."""
    if door not in trusted.doors:
        raise Refused("door-unlisted", STAMP_HEADER)
    return _add_listed(_name_at_door(door, account, groups, trusted.doors[door]), trusted)


def _add_listed(proved: Identity, trusted: Trusted) -> Identity:
    # A name that nothing proves, as in a request that was written by hand, has no groups.
    if proved.method not in METHODS or proved.user not in trusted.user_groups:
        return proved
    listed = trusted.user_groups[proved.user]
    groups = tuple(dict.fromkeys((*proved.groups, *listed)))
    sources = proved.sources or {proved.method: proved.groups}
    return replace(proved, groups=groups, sources={**sources, SITE: listed})


def is_of_door(user: str) -> bool:
    """Whether only a door names its users so."""
    return user.startswith((DOOR_PREFIX, ACCOUNT_PREFIX))


def _read_credentials(
    shown: Credentials, trusted: Trusted, audiences: Sequence[str], time: float, door_key: StampReader | None
) -> Identity:
    certified = _read_certificates(shown, trusted, time)
    token, text = (shown.headers.get(name) for name in (_TOKEN_NAME, _STAMP_NAME))
    named = _read_token(token, trusted, audiences, time) if token is not None else NO_IDENTITY
    if is_of_door(certified.user) or is_of_door(named.user):
        raise Refused("identity-conflict")
    if text is None:
        return _join(certified, named)
    if door_key is None:
        raise Refused("door-invalid", STAMP_HEADER)
    stamp = door_key.read_stamp(text, time)
    if stamp.door not in trusted.doors:
        raise Refused("door-unlisted", STAMP_HEADER)
    if shown.certificates or certified.method == _TLS or (named is not NO_IDENTITY and not stamp.user):
        # A door connects without a certificate, of whatever name, and one of a tool lets no token through.
        raise Refused("identity-conflict", STAMP_HEADER)
    door = trusted.doors[stamp.door]
    at_door = _name_at_door(stamp.door, stamp.user, stamp.groups, door)
    if named is NO_IDENTITY or door.same_names:
        return _join(at_door, named)
    # Names of accounts and of issuers are not of the same people: the token says who it is.
    return _join(replace(at_door, user=named.user), named)


def _join(first: Identity, named: Identity) -> Identity:
    """The user whom a token names beside another proof, with the groups of both."""
    if named is NO_IDENTITY or first.method not in (_TLS, DOOR):
        return first if named is NO_IDENTITY else named
    if first.user != named.user:
        raise Refused("identity-conflict", TOKEN_HEADER)
    groups = tuple(dict.fromkeys((*first.groups, *named.groups)))
    sources = {first.method: first.groups, TOKEN: named.groups}
    return Identity(named.user, groups, f"{first.method}+{TOKEN}", first.names, named.seconds, sources, first.account)


def _name_at_door(name: str, account: str, groups: Sequence[str], door: Door) -> Identity:
    if not account:
        return Identity(DOOR_PREFIX + name, door.groups, DOOR)
    counting = tuple(group for group in groups if group in door.groups)
    user = account if door.same_names else ACCOUNT_PREFIX + account
    return Identity(user, counting, DOOR, account=account)


def _read_token(token: str, trusted: Trusted, audiences: Sequence[str], time: float) -> Identity:
    key: tuple[bytes | str, ...] = (sha256(token.encode(errors="surrogatepass")).digest(), *audiences)
    bearer: Bearer | None = trusted.verified.get(key)
    if bearer is None or not bearer.is_valid(time):
        # Slow to load, and needed only where tokens are used.
        from portero.decide.identity import tokens

        bearer = tokens.read_token(token, trusted.token_issuers, audiences, time)
        if len(trusted.verified) >= _MAX_CACHED:
            trusted.verified.clear()
        trusted.verified[key] = bearer
    return Identity(bearer.user, bearer.groups, TOKEN, (), bearer.seconds)


def _read_certificates(shown: Credentials, trusted: Trusted, time: float) -> Identity:
    method = shown.method.lower()
    if not shown.certificates:
        # A request that was written by hand has none; dockerd always sends them.
        if method == _TLS and trusted.certificate_issuers:
            raise Refused("certificate-untrusted")
        return Identity(shown.user, (), method) if shown.user or method else NO_IDENTITY
    # Slow to load, and needed only on TLS.
    from portero.decide.identity import certificates

    client = certificates.read_certificate(shown.certificates[0], trusted.certificate_issuers, time)
    if client.user != shown.user:
        raise Refused("certificate-invalid", "User")
    # Without a common name no user is named: such a client is as unknown as one on the Unix socket.
    return Identity(client.user, client.groups, _TLS, client.names) if client.user else NO_IDENTITY
