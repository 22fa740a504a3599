"""An authority for dockerd's TLS: it issues certificates for daemons and for people, and renews them.

Keys are P-256. Values in, PEM out; files are written elsewhere. Each certificate names its purpose: an authority
signs certificates only, a daemon's serves only, a person's is a client only.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Literal, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from portero.decide.values.dataclass import dataclass
from portero.decide.values.errors import ContentRefused

Purpose: TypeAlias = Literal["server", "client"]

_PURPOSES: dict[Purpose, ObjectIdentifier] = {
    "server": ExtendedKeyUsageOID.SERVER_AUTH,
    "client": ExtendedKeyUsageOID.CLIENT_AUTH,
}
_PEM = serialization.Encoding.PEM
_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)
# Clocks differ: a certificate that was made just now must already be valid elsewhere.
_CLOCKS_DIFFER = timedelta(minutes=5)
# The kinds of extensions that a renewed certificate takes over.
_COPIED_EXTENSIONS = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage, x509.SubjectAlternativeName)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its key, in PEM. `end`: until when it is valid."""

    certificate: bytes
    key: bytes
    end: datetime


@dataclass(frozen=True, slots=True)
class Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def read(cls, certificate: bytes, key: bytes) -> "Authority":
        """From PEM; raises ContentRefused."""
        try:
            read = x509.load_pem_x509_certificate(certificate)
            private = serialization.load_pem_private_key(key, password=None)
            # The library reads a part when it is used: each can be malformed.
            public, _ = read.public_key(), (read.subject, read.not_valid_after_utc)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ContentRefused("is no authority of `portero certs ca`: name its folder") from None
        if not isinstance(private, ec.EllipticCurvePrivateKey) or private.public_key() != public:
            raise ContentRefused("has a key that does not fit its certificate: restore both from one backup")
        return cls(read, private)

    def issue(self, purpose: Purpose, user: str, groups: Sequence[str], hosts: Sequence[str], days: int) -> Issued:
        """A new key and its certificate. `user`: the common name; `hosts`: names and addresses of a server."""
        key = ec.generate_private_key(ec.SECP256R1())
        organizations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        subject = x509.Name([*organizations, x509.NameAttribute(NameOID.COMMON_NAME, user)])
        builder = (
            _begin(subject, key.public_key(), days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_make_usage("digital_signature"), critical=True)
            .add_extension(x509.ExtendedKeyUsage([_PURPOSES[purpose]]), critical=False)
        )
        if hosts:
            names = x509.SubjectAlternativeName([_name_host(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        certificate = self._sign(builder, days)
        return _encode(certificate, key)

    def renew(self, certificate: bytes, days: int) -> tuple[bytes, datetime]:
        """The same certificate with another end, for the key that it has; raises ContentRefused."""
        try:
            old = x509.load_pem_x509_certificate(certificate)
            old.verify_directly_issued_by(self.certificate)
            public = old.public_key()
        except Exception:  # noqa: BLE001 - each way in which it is not ours is the same to the reader
            raise ContentRefused("is no certificate of this authority: name one that it has issued") from None
        if not isinstance(public, ec.EllipticCurvePublicKey):
            raise ContentRefused("has a key of another kind: issue a new certificate")
        builder = _begin(old.subject, public, days)
        for extension in old.extensions:
            if isinstance(extension.value, _COPIED_EXTENSIONS):
                builder = builder.add_extension(extension.value, critical=extension.critical)
        renewed = self._sign(builder, days)
        return renewed.public_bytes(_PEM), renewed.not_valid_after_utc

    def _sign(self, builder: x509.CertificateBuilder, days: int) -> x509.Certificate:
        if datetime.now(UTC) + timedelta(days=days) > self.certificate.not_valid_after_utc:
            raise ContentRefused(f"ends before {days} days are over: name fewer --days, or make a new authority")
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        signed = builder.issuer_name(self.certificate.subject).add_extension(identifier, critical=False)
        return signed.sign(self.key, hashes.SHA256())


def make_authority(name: str, days: int) -> Issued:
    """A new authority, which signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        _begin(subject, key.public_key(), days)
        .issuer_name(subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_make_usage("key_cert_sign", "crl_sign"), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _encode(certificate, key)


def _begin(subject: x509.Name, public: ec.EllipticCurvePublicKey, days: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _make_usage(*allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in allowed for name in _USAGES})


def _name_host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _encode(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Issued:
    private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Issued(certificate.public_bytes(_PEM), private, certificate.not_valid_after_utc)
