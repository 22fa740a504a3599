"""Ways to a receiver: datagrams and streams."""

import socket
import ssl
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from portero.forwarding.channel import open_channel
from portero.forwarding.destination import Destination
from tests.waiting import soon

from .receiver import Receiver


def _fails(act: Callable[[], None]) -> bool:
    try:
        act()
    except OSError:
        return True
    return False


def test_datagrams_over_a_unix_socket_and_udp(tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as log:
        log.bind(str(tmp_path / "log"))
        with closing(open_channel(Destination("unix", str(tmp_path / "log")), None)) as channel:
            channel.send([b"1", b"2"])
        assert (log.recv(10), log.recv(10)) == (b"1", b"2")
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as server:
        server.bind(("127.0.0.1", 0))
        with closing(open_channel(Destination("udp", "127.0.0.1", server.getsockname()[1]), None)) as channel:
            channel.send([b"x" * 70_000])
        assert len(server.recv(1 << 16)) == 60_000


def test_a_stream_counts_once_the_receiver_has_it() -> None:
    receiver = Receiver()
    with closing(open_channel(Destination("tcp", "127.0.0.1", receiver.port), None)) as channel:
        channel.send([b"hello", b"world"])
        assert soon(lambda: receiver.messages == [b"hello", b"world"])
        receiver.kill()
        assert soon(lambda: _fails(lambda: channel.send([b"lost"])))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of localhost in one file."""
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    own = ["-addext", "subjectAltName=DNS:localhost", "-keyout", file.with_name("key.pem"), "-out", file]
    subprocess.run([*words.split(), *own], check=True, capture_output=True, timeout=60)
    file.write_text(file.read_text() + file.with_name("key.pem").read_text())
    return file


def test_tls_with_a_certificate_that_is_trusted(certificate: Path) -> None:
    receiver = Receiver(certificate)
    to = Destination("tls", "localhost", receiver.port)
    with closing(open_channel(to, certificate)) as channel:
        channel.send([b"hello"])
        assert soon(lambda: receiver.messages == [b"hello"])
    with pytest.raises(ssl.SSLCertVerificationError):
        open_channel(to, None)
    receiver.kill()
