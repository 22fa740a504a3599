"""Who asks, by certificate, token, both or neither."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from portero.decide.identity.caller import NO_IDENTITY, Credentials, Identity, identify_caller
from portero.decide.identity.trusted import Trusted
from tests.decide.identity.certificate_makers import NOON, make_authority, shown
from tests.decide.identity.token_makers import issuers, token
from tests.refusing import find_refusal

AUTHORITY = make_authority()
CLIENT = shown(AUTHORITY.issue())
TRUSTED = Trusted(issuers(), (AUTHORITY.certificate,))
TOKEN = {"x-portero-token": token()}


def who(
    headers: Mapping[str, str] = {},
    certificates: Sequence[str] = (),
    user: str = "",
    method: str = "",
    trusted: Trusted = TRUSTED,
) -> Identity:
    return identify_caller(Credentials(user, method, certificates, headers), trusted, ("web",), NOON)


def code_of(*given: Any, **named: Any) -> str:
    return find_refusal(who, *given, **named)[0]


NAMELESS = shown(AUTHORITY.issue([]))
OTHER_HEADERS = {"x-portero-user": "root", "authorization": f"Bearer {token()}"}
BY_TLS = Identity("alicia", ("dev",), "tls")


@pytest.mark.parametrize(
    ("headers", "certificates", "user", "expected"),
    [
        pytest.param({}, [], "", NO_IDENTITY, id="nobody on the Unix socket"),
        pytest.param({}, [CLIENT], "alicia", BY_TLS, id="a certificate"),
        pytest.param({}, [CLIENT, shown(AUTHORITY.certificate)], "alicia", BY_TLS, id="the first of two certificates"),
        pytest.param({}, [NAMELESS], "", NO_IDENTITY, id="nobody by a certificate without a common name"),
        pytest.param(TOKEN, [], "", Identity("alicia", ("dev",), "token", (), 660.0), id="a token"),
        pytest.param(OTHER_HEADERS, [], "", NO_IDENTITY, id="nobody by other headers"),
    ],
)
def test_certificate_or_token_name_user_and_groups(
    headers: Mapping[str, str], certificates: Sequence[str], user: str, expected: Identity
) -> None:
    assert who(headers, certificates, user, "TLS" if certificates else "") == expected


def test_both_together_are_a_method_of_their_own_with_the_groups_of_both() -> None:
    certificate = shown(AUTHORITY.issue(groups=["staff"]))

    both = who(TOKEN, [certificate], "alicia", "TLS")

    assert (both.user, both.groups, both.method) == ("alicia", ("staff", "dev"), "tls+token")
    assert both.methods == ("tls+token", "tls", "token")


@pytest.mark.parametrize(
    ("headers", "certificate", "user", "code"),
    [
        pytest.param({"x-portero-token": token(sub="bob")}, CLIENT, "alicia", "identity-conflict", id="two users"),
        pytest.param({"x-portero-token": "x"}, CLIENT, "alicia", "token-invalid", id="a bad token beside it"),
        pytest.param({"x-portero-token": ""}, CLIENT, "alicia", "token-invalid", id="an empty token beside it"),
        pytest.param(TOKEN, "x", "alicia", "certificate-invalid", id="a bad one beside a good token"),
        pytest.param({}, CLIENT, "root", "certificate-invalid", id="another user than dockerd names"),
    ],
)
def test_a_certificate_and_what_comes_with_it_must_agree(
    headers: Mapping[str, str], certificate: str, user: str, code: str
) -> None:
    assert code_of(headers, [certificate], user, "TLS") == code


def test_tls_without_a_certificate_is_no_certificate_of_an_issuer() -> None:
    assert code_of({}, (), "alicia", "TLS") == "certificate-untrusted"
    assert who({}, (), "alicia", "TLS", Trusted()) == Identity("alicia", (), "tls")


def test_a_token_is_refused_where_the_site_lists_no_issuer() -> None:
    assert code_of(TOKEN, trusted=Trusted()) == "token-untrusted"


def test_an_identity_is_written_and_read() -> None:
    for identity in (Identity("alicia", ("dev",), "tls", ("DNS:a",)), Identity("ci", (), "door+token", account="bob")):
        assert Identity.of(identity.make_document()) == identity
    assert Identity.of({}) == NO_IDENTITY


@pytest.mark.parametrize("document", ["alicia", {"user": 7}, {"groups": "dev"}, {"groups": [7]}, {"method": None}])
def test_another_document_is_no_identity(document: Any) -> None:
    with pytest.raises(TypeError):
        Identity.of(document)
