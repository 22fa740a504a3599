"""An authority issues certificates that say what they are for, and renews them for the key that they have."""

import base64
import socket
import ssl
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from portero.decide.identity import certificates
from portero.decide.identity.certificates import read_end
from portero.decide.values.errors import ContentRefused
from portero.tools.cli.authority import Authority, Issued, make_authority
from tests.decide.identity.certificate_makers import shown
from tests.decide.identity.token_makers import ED


@pytest.fixture(scope="module")
def made() -> Issued:
    return make_authority("people", 30)


@pytest.fixture(scope="module")
def authority(made: Issued) -> Authority:
    return Authority.read(made.certificate, made.key)


def days_left(end: datetime) -> int:
    return round((end - datetime.now(UTC)) / timedelta(days=1))


def test_a_client_certificate_names_user_and_groups_as_portero_reads_them(authority: Authority) -> None:
    issued = authority.issue("client", "alicia", ["dev", "ops"], [], 7)

    leaf = x509.load_pem_x509_certificate(issued.certificate)
    client = certificates.read_certificate(shown(leaf), (authority.certificate,), datetime.now(UTC).timestamp())
    assert (client.user, client.groups, client.names) == ("alicia", ("dev", "ops"), ())
    assert days_left(issued.end) == days_left(read_end(issued.certificate)) == 7


def test_each_certificate_says_what_it_is_for(authority: Authority) -> None:
    for purpose, usage in (("client", ExtendedKeyUsageOID.CLIENT_AUTH), ("server", ExtendedKeyUsageOID.SERVER_AUTH)):
        leaf = x509.load_pem_x509_certificate(authority.issue(purpose, "x", [], [], 1).certificate)  # type: ignore[arg-type]
        assert [*leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value] == [usage]
        assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert leaf.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    usage = authority.certificate.extensions.get_extension_for_class(x509.KeyUsage).value  # type: ignore[assignment]
    assert usage.key_cert_sign  # type: ignore[attr-defined]
    assert authority.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def handshake(folder: Path, authority: Issued, server: Issued, client: Issued | None, name: str) -> str:
    """What a server learns of its client over TLS, both sides verifying; an error's name when that fails."""
    for side, issued in (("server", server), ("client", client)):
        if issued is not None:
            (folder / f"{side}.pem").write_bytes(issued.certificate + issued.key)
    (folder / "ca.pem").write_bytes(authority.certificate)
    told: list[str] = []
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "server.pem")
    serving.load_verify_locations(folder / "ca.pem")
    serving.verify_mode = ssl.CERT_REQUIRED
    asking = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    asking.verify_flags |= ssl.VERIFY_X509_STRICT
    if client is not None:
        asking.load_cert_chain(folder / "client.pem")
    here, there = socket.socketpair()
    here.settimeout(30)
    there.settimeout(30)

    def serve() -> None:
        try:
            with serving.wrap_socket(there, server_side=True) as connection:
                subject = dict(pair[0] for pair in connection.getpeercert()["subject"])  # type: ignore[index, misc]
                told.append(subject["commonName"])
                connection.sendall(b"x")
        except (OSError, ssl.SSLError) as error:
            told.append(type(error).__name__)

    thread = threading.Thread(target=serve)
    thread.start()
    with suppress(OSError, ssl.SSLError), asking.wrap_socket(here, server_hostname=name) as connection:
        connection.recv(1)
    thread.join(30)
    return told[0]


@pytest.mark.parametrize("name", ["docker.example.com", "192.0.2.7", "2001:db8::7"])
def test_tls_works_under_each_name_of_a_server(tmp_path: Path, made: Issued, authority: Authority, name: str) -> None:
    server = authority.issue("server", "docker", [], ["docker.example.com", "192.0.2.7", "2001:db8::7"], 1)
    client = authority.issue("client", "alicia", [], [], 1)

    assert handshake(tmp_path, made, server, client, name) == "alicia"


def test_a_servers_certificate_is_no_clients(tmp_path: Path, made: Issued, authority: Authority) -> None:
    server = authority.issue("server", "docker", [], ["docker.example.com"], 1)

    assert handshake(tmp_path, made, server, server, "docker.example.com") == "SSLCertVerificationError"


def test_a_renewed_certificate_is_the_same_with_another_end(authority: Authority) -> None:
    issued = authority.issue("server", "docker", ["x"], ["docker.example.com", "192.0.2.7"], 1)

    text, end = authority.renew(issued.certificate, 9)

    old, new = (x509.load_pem_x509_certificate(pem) for pem in (issued.certificate, text))
    assert days_left(end) == 9
    assert (new.subject, new.public_key()) == (old.subject, old.public_key())
    assert new.serial_number != old.serial_number
    assert {(e.oid, e.critical, e.value) for e in new.extensions} == {
        (e.oid, e.critical, e.value) for e in old.extensions
    }


def test_no_certificate_outlives_its_authority(authority: Authority) -> None:
    with pytest.raises(ContentRefused, match="ends before 31 days"):
        authority.issue("client", "alicia", [], [], 31)


def test_only_its_own_certificates_are_renewed(authority: Authority) -> None:
    other = make_authority("people", 30)
    stranger = Authority.read(other.certificate, other.key).issue("client", "alicia", [], [], 1)

    for text in (stranger.certificate, other.certificate, b"x"):
        with pytest.raises(ContentRefused, match="no certificate of this authority"):
            authority.renew(text, 1)


@pytest.mark.parametrize("part", [b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01", b"\x17\x0d"], ids=["key type", "dates"])
def test_an_authority_with_a_malformed_part_is_none(made: Issued, part: bytes) -> None:
    # The type of its key, 1.2.840.10045.2.1, becomes another; a date gets another type.
    encoded = x509.load_pem_x509_certificate(made.certificate).public_bytes(Encoding.DER)
    assert part in encoded
    changed = base64.encodebytes(encoded.replace(part, part[:-1] + bytes([part[-1] ^ 14]))).decode()
    text = f"-----BEGIN CERTIFICATE-----\n{changed}-----END CERTIFICATE-----\n".encode()

    with pytest.raises(ContentRefused, match="is no authority"):
        Authority.read(text, made.key)


def test_a_key_must_fit_its_certificate(made: Issued) -> None:
    other = make_authority("people", 30)
    ed = ED.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    for key, fault in ((other.key, "does not fit"), (ed, "does not fit"), (b"x", "is no authority")):
        with pytest.raises(ContentRefused, match=fault):
            Authority.read(made.certificate, key)


def test_the_end_of_what_is_no_certificate_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"."):
        read_end(b"x")
