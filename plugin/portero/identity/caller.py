"""Who asks: what the certificate and the token of one request prove, together. Refused: when they contradict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from portero.identity.trusted import Trusted
from portero.refusals import Refused
from portero.values.json_fields import need, need_texts
from portero.values.json_types import JSON

# As dockerd forwards it: of repeated headers only the last, whatever their case.
TOKEN_HEADER = "X-Portero-Token"  # noqa: S105 - the name of a header
BOTH = "tls+token"
_TLS, TOKEN = "tls", "token"
METHODS = (_TLS, TOKEN, BOTH)
SITE = "site"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. `method`: how it was proved: tls, token, tls+token; empty: unknown.

    `names`: the certificate's alternative names. `seconds`: how long the token is valid altogether; None: no token.
    `sources`: where the groups are from, tls, token or site; empty where all are from the one method.
    """

    user: str = ""
    groups: tuple[str, ...] = ()
    method: str = ""
    names: tuple[str, ...] = ()
    seconds: float | None = None
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)

    @property
    def methods(self) -> tuple[str, ...]:
        """Each way by which the user is known."""
        return (self.method, _TLS, TOKEN) if self.method == BOTH else (self.method,)

    def groups_by(self, *methods: str) -> frozenset[str]:
        """The groups that one of these methods proves (`site`: that the site lists); tls+token proves all."""
        if not self.sources or BOTH in methods:
            return frozenset(self.groups)
        return frozenset(group for method in methods for group in self.sources.get(method, ()))

    def document(self) -> dict[str, JSON]:
        """`identity` of the request document."""
        return {"user": self.user, "groups": [*self.groups], "method": self.method, "names": [*self.names]}

    @classmethod
    def of(cls, document: JSON) -> "Identity":
        """From such a document, of which each part may be missing; raises TypeError for anything else."""
        if not isinstance(document, dict):
            raise TypeError
        shown: dict[str, JSON] = {"user": "", "method": "", "groups": [], "names": [], **document}
        groups, names = tuple(need_texts(shown, "groups")), tuple(need_texts(shown, "names"))
        return cls(need(shown, "user", str), groups, need(shown, "method", str), names)


NOBODY = Identity()


@dataclass(frozen=True, slots=True)
class Credentials:
    """What dockerd shows of the client.

    `user` and `method`: as dockerd names them itself; `certificates`: those of its connection, the client's first.
    """

    user: str
    method: str
    certificates: Sequence[str]
    headers: Mapping[str, str]


def identify(shown: Credentials, trusted: Trusted, audiences: Sequence[str], time: float) -> Identity:
    """The user of a request at a time; raises Refused with a certificate-, token- or identity-... code.

    `audiences`: the names of this host, one of which a token must be for.
    """
    proved = _read(shown, trusted, audiences, time)
    # A name that nothing proves, as in a request that was written by hand, has no groups.
    if proved.method not in METHODS or proved.user not in trusted.user_groups:
        return proved
    listed = trusted.user_groups[proved.user]
    groups = tuple(dict.fromkeys((*proved.groups, *listed)))
    sources = proved.sources or {proved.method: proved.groups}
    return replace(proved, groups=groups, sources={**sources, SITE: listed})


def _read(shown: Credentials, trusted: Trusted, audiences: Sequence[str], time: float) -> Identity:
    certified = _read_certificates(shown, trusted, time)
    token = shown.headers.get(TOKEN_HEADER.lower())
    if token is None:
        return certified
    # Slow to load, and needed only where tokens are used.
    from portero.identity import tokens

    bearer = tokens.read_token(token, trusted.token_issuers, audiences, time)
    named = Identity(bearer.user, bearer.groups, TOKEN, (), bearer.seconds)
    if certified.method != _TLS:
        return named
    if certified.user != named.user:
        raise Refused("identity-conflict", TOKEN_HEADER)
    groups = tuple(dict.fromkeys((*certified.groups, *named.groups)))
    sources = {_TLS: certified.groups, TOKEN: named.groups}
    return Identity(named.user, groups, BOTH, certified.names, named.seconds, sources)


def _read_certificates(shown: Credentials, trusted: Trusted, time: float) -> Identity:
    method = shown.method.lower()
    if not shown.certificates:
        # A request that was written by hand has none; dockerd always sends them.
        if method == _TLS and trusted.certificate_issuers:
            raise Refused("certificate-untrusted")
        return Identity(shown.user, (), method) if shown.user or method else NOBODY
    # Slow to load, and needed only on TLS.
    from portero.identity import certificates

    client = certificates.read_certificate(shown.certificates[0], trusted.certificate_issuers, time)
    if client.user != shown.user:
        raise Refused("certificate-invalid", "User")
    # Without a common name no user is named: such a client is as unknown as one on the Unix socket.
    return Identity(client.user, client.groups, _TLS, client.names) if client.user else NOBODY
