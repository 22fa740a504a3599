"""Reads the client's certificate of a TLS connection, as dockerd shows it to the plugin: PEM in base64.

dockerd has verified it against its authority when the connection began. Here it must still be valid, have at most
one common name, and come from one of the site's issuers where it lists any.
"""

import base64
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtensionOID, NameOID, ObjectIdentifier

from portero.decide.identity.trusted import is_name
from portero.decide.values.dataclass import dataclass
from portero.decide.values.refusals import Refused
from portero.decide.values.spelling import make_printable

_AT = "RequestPeerCertificates"
_MAX_LENGTH = 64 * 1024
_MAX_NAMES = 64
_MALFORMED = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_KINDS = {"DNSName": "DNS", "RFC822Name": "email", "UniformResourceIdentifier": "URI", "IPAddress": "IP"}


@dataclass(frozen=True, slots=True)
class Client:
    """What a certificate proves: its common name, its organizations, its alternative names (DNS:..., email:...).

    `user` is empty for a certificate without a common name.
    """

    user: str
    groups: tuple[str, ...]
    names: tuple[str, ...]


def read_certificate(encoded: str, issuers: Sequence[x509.Certificate], time: float) -> Client:
    """The client of this certificate at a time; raises Refused with one of the certificate-... codes."""
    try:
        certificate = _decode(encoded)
        client = _read_client(certificate)
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    # The library reads a part when it is used: each can be malformed.
    except _MALFORMED:
        raise Refused("certificate-invalid", _AT) from None
    now = datetime.fromtimestamp(time, UTC)
    if not begin <= now <= end:
        raise Refused("certificate-expired", _AT)
    if issuers and not any(_is_issued_by(certificate, issuer, now) for issuer in issuers):
        raise Refused("certificate-untrusted", _AT)
    return client


def _decode(encoded: str) -> x509.Certificate:
    if len(encoded) > _MAX_LENGTH:
        raise ValueError
    return x509.load_pem_x509_certificate(base64.b64decode(encoded, validate=True))


def _read_client(certificate: x509.Certificate) -> Client:
    users = _list_names(certificate, NameOID.COMMON_NAME)
    if len(users) > 1:
        raise ValueError
    groups = tuple(dict.fromkeys(_list_names(certificate, NameOID.ORGANIZATION_NAME)))
    return Client(users[0] if users else "", groups, tuple(_list_alternatives(certificate))[:_MAX_NAMES])


def _list_names(certificate: x509.Certificate, kind: ObjectIdentifier) -> list[str]:
    names = [str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(kind)]
    if not all(map(is_name, names)):
        raise ValueError
    return names


def _list_alternatives(certificate: x509.Certificate) -> Iterator[str]:
    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    except x509.ExtensionNotFound:
        return
    assert isinstance(extension.value, x509.SubjectAlternativeName)  # noqa: S101 - by its identifier
    for name in extension.value:
        if kind := _KINDS.get(type(name).__name__):
            yield f"{kind}:{make_printable(str(name.value))}"


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return issuer.not_valid_before_utc <= now <= issuer.not_valid_after_utc


def read_end(certificate: bytes) -> datetime:
    """Until when a certificate in PEM is valid; raises ValueError for other bytes."""
    return x509.load_pem_x509_certificate(certificate).not_valid_after_utc
