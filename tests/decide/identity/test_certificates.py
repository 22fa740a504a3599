"""A client certificate becomes a user and groups, or a refusal with a code that says why."""

import base64
from ipaddress import ip_address
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from portero.decide.identity import certificates
from portero.decide.values.refusals import Refused
from tests.decide.identity.certificate_makers import NOON, make_authority, shown

AUTHORITY = make_authority()
ISSUERS = (AUTHORITY.certificate,)
CLIENT = shown(AUTHORITY.issue())


def code_of(encoded: str, issuers: Any = (), time: float = NOON) -> str:
    with pytest.raises(Refused) as refused:
        certificates.read_certificate(encoded, issuers, time)
    assert refused.value.at == "RequestPeerCertificates"
    return refused.value.code


def outcome(encoded: str) -> str:
    try:
        return certificates.read_certificate(encoded, ISSUERS, NOON).user
    except Refused as refused:
        return refused.code


def test_the_common_name_is_the_user_and_organizations_are_groups() -> None:
    client = certificates.read_certificate(shown(AUTHORITY.issue(["Alicia Pérez"], ["dev", "ops", "dev"])), (), NOON)

    assert (client.user, client.groups) == ("Alicia Pérez", ("dev", "ops"))


def test_alternative_names_are_told_with_their_kind() -> None:
    names = [
        x509.DNSName("ci.example.com"),
        x509.RFC822Name("alicia@example.com"),
        x509.UniformResourceIdentifier("spiffe://example.com/ci"),
        x509.IPAddress(ip_address("192.0.2.7")),
        x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
    ]

    assert certificates.read_certificate(shown(AUTHORITY.issue(names=names)), (), NOON).names == (
        "DNS:ci.example.com",
        "email:alicia@example.com",
        "URI:spiffe://example.com/ci",
        "IP:192.0.2.7",
    )


def test_many_alternative_names_are_bounded_and_without_a_common_name_there_is_no_user() -> None:
    names = [x509.DNSName(f"n{number}.example.com") for number in range(100)]

    client = certificates.read_certificate(shown(AUTHORITY.issue([], names=names)), (), NOON)

    assert (client.user, len(client.names)) == ("", 64)


@pytest.mark.parametrize(
    ("users", "groups"),
    [
        (["alicia", "root"], ["dev"]),
        (["alicia\n"], ["dev"]),
        ([" alicia"], ["dev"]),
        (["alicia\x00root"], ["dev"]),
        (["alicia\u202e"], ["dev"]),
        (["alicia"], ["dev\x1b[2J"]),
    ],
    ids=["two", "line-feed", "space", "nul", "turned-round", "group-escape"],
)
def test_an_odd_name_is_refused(users: list[str], groups: list[str]) -> None:
    assert code_of(shown(AUTHORITY.issue(users, groups))) == "certificate-invalid"


@pytest.mark.parametrize(
    ("begin", "end", "good"),
    [
        (NOON - 10, NOON, True),
        (NOON - 10, NOON - 1, False),
        (NOON, NOON + 10, True),
        (NOON + 1, NOON + 10, False),
    ],
    ids=["last-second", "a-second-late", "first-second", "a-second-early"],
)
def test_a_certificate_counts_from_its_first_second_to_its_last(begin: float, end: float, good: bool) -> None:
    client = shown(AUTHORITY.issue(begin=begin, end=end))

    if good:
        assert certificates.read_certificate(client, (), NOON).user == "alicia"
    else:
        assert code_of(client) == "certificate-expired"


def test_the_sites_issuers_are_the_only_ones_where_it_lists_any() -> None:
    other = make_authority()

    assert certificates.read_certificate(CLIENT, ISSUERS, NOON).user == "alicia"
    assert certificates.read_certificate(CLIENT, (other.certificate, *ISSUERS), NOON).user == "alicia"
    # An authority of the same name with another key.
    assert code_of(CLIENT, (other.certificate,)) == "certificate-untrusted"
    assert code_of(CLIENT, (make_authority("another").certificate,)) == "certificate-untrusted"


def test_an_issuer_that_has_expired_vouches_for_nobody() -> None:
    old = make_authority(end=NOON - 1)

    assert code_of(shown(old.issue()), (old.certificate,)) == "certificate-untrusted"


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "LS0tLS1CRUdJTg==",
        "not base64",
        base64.b64encode(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").decode(),
        "A" * (64 * 1024 + 4),
    ],
    ids=["empty", "cut", "no-base64", "no-certificate", "large"],
)
def test_what_is_no_certificate_is_refused(encoded: str) -> None:
    assert code_of(encoded) == "certificate-invalid"


DER = AUTHORITY.issue(names=[x509.DNSName("a.example.com")]).public_bytes(Encoding.DER)
BEGIN, END = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"


def changed(at: int, byte: int) -> str:
    der = bytearray(DER)
    der[at % len(DER)] = byte
    return base64.b64encode(BEGIN + base64.encodebytes(bytes(der)) + END).decode()


# The library warns of serial numbers that are not positive.
# The library warns of serial numbers that are not positive.
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@given(at=st.integers(0, 400), byte=st.integers(0, 255))
def test_a_changed_byte_never_ends_in_another_error(at: int, byte: int) -> None:
    codes = {f"certificate-{why}" for why in ("invalid", "expired", "untrusted")}

    assert outcome(changed(at, byte)) in {"alicia", *codes}


def test_a_certificate_of_an_unknown_version_is_refused() -> None:
    version = DER.index(b"\xa0\x03\x02\x01\x02") + 4

    assert code_of(changed(version, 1)) == "certificate-invalid"
