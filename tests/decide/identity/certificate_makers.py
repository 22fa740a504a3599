"""Certificates for tests, made in memory and shown as dockerd shows them to a plugin."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOON = 1_800_000_000.0


@dataclass(frozen=True)
class Authority:
    """An authority with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(
        self,
        users: Sequence[str] = ("alicia",),
        groups: Sequence[str] = ("dev",),
        begin: float = NOON - 3600,
        end: float = NOON + 3600,
        names: Sequence[x509.GeneralName] = (),
    ) -> x509.Certificate:
        """A client's certificate."""
        subject = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        subject += [x509.NameAttribute(NameOID.COMMON_NAME, user) for user in users]
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(subject))
            .issuer_name(self.certificate.subject)
            .public_key(CLIENT_KEY.public_key())
            .serial_number(7)
            .not_valid_before(datetime.fromtimestamp(begin, UTC))
            .not_valid_after(datetime.fromtimestamp(end, UTC))
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())


CLIENT_KEY = ec.generate_private_key(ec.SECP256R1())


def make_authority(
    name: str = "authority", *, is_authority: bool = True, begin: float = NOON - 86400, end: float = NOON + 86400
) -> Authority:
    """A new authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.fromtimestamp(begin, UTC))
        .not_valid_after(datetime.fromtimestamp(end, UTC))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def shown(certificate: x509.Certificate) -> str:
    """As dockerd shows it: PEM in base64 (seen in tests/captures, cli/tls)."""
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.PEM)).decode()
