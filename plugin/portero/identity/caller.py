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
_TLS, _TOKEN = "tls", "token"
METHODS = (_TLS, _TOKEN, BOTH)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. `method`: how it was proved: tls, token, tls+token; empty: unknown.

    `names`: the certificate's alternative names. `seconds`: how long the token is valid altogether; None: no token.
    `listed`: those of the groups that only the site's list gives. `lone`: with tls+token, those that only the
    certificate (tls) or only the token names.
    """

    user: str = ""
    groups: tuple[str, ...] = ()
    method: str = ""
    names: tuple[str, ...] = ()
    seconds: float | None = None
    listed: tuple[str, ...] = ()
    lone: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def methods(self) -> tuple[str, ...]:
        """Each way by which the user is known."""
        return (self.method, _TLS, _TOKEN) if self.method == BOTH else (self.method,)

    def groups_by(self, methods: Sequence[str]) -> frozenset[str]:
        """The groups that the user has by one of these methods, or that the site lists; tls+token proves all."""
        groups = frozenset(self.groups)
        return (
            groups
            if BOTH in methods
            else groups.difference(*(self.lone[one] for one in self.lone if one not in methods))
        )

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
    of_site = trusted.user_groups[proved.user]
    listed = tuple(group for group in of_site if group not in proved.groups)
    lone = {method: groups.difference(of_site) for method, groups in proved.lone.items()}
    return replace(proved, groups=(*proved.groups, *listed), listed=listed, lone=lone)


def _read(shown: Credentials, trusted: Trusted, audiences: Sequence[str], time: float) -> Identity:
    certified = _read_certificates(shown, trusted, time)
    token = shown.headers.get(TOKEN_HEADER.lower())
    if token is None:
        return certified
    # Slow to load, and needed only where tokens are used.
    from portero.identity import tokens

    bearer = tokens.read_token(token, trusted.token_issuers, audiences, time)
    named = Identity(bearer.user, bearer.groups, _TOKEN, (), bearer.seconds)
    if certified.method != _TLS:
        return named
    if certified.user != named.user:
        raise Refused("identity-conflict", TOKEN_HEADER)
    groups = tuple(dict.fromkeys((*certified.groups, *named.groups)))
    by_tls, by_token = frozenset(certified.groups), frozenset(named.groups)
    lone = {_TLS: by_tls - by_token, _TOKEN: by_token - by_tls}
    return Identity(named.user, groups, BOTH, certified.names, named.seconds, lone=lone)


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
