"""HTTP with one deadline, a bound, and TLS wherever it leaves this machine."""

import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from portero.bundles.https import Transport, TransportFailed

from .signed import answer, certificate, server


def transport(seconds: float = 20.0, largest: int = 1000) -> Transport:
    return Transport(seconds, largest)


def test_an_answer_comes_with_its_headers() -> None:
    with server(lambda handler: answer(handler, 200, b"hello", ETag='"1"')) as url:
        found = transport().exchange("GET", f"{url}/x")

    assert (found.status, found.body, found.headers["etag"]) == (200, b"hello", '"1"')


def test_more_than_the_bound_is_not_read() -> None:
    with (
        server(lambda handler: answer(handler, 200, b"x" * 1001)) as url,
        pytest.raises(TransportFailed, match="answers with more than 1000 bytes"),
    ):
        transport().exchange("GET", url)


def test_a_server_that_sends_a_byte_now_and_then_does_not_hold_us() -> None:
    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
        for _ in range(100):
            handler.wfile.write(b"x")
            time.sleep(0.1)

    began = time.monotonic()
    with server(trickle) as url, pytest.raises(TransportFailed, match=r"did not answer in full within 0\.5 s"):
        transport(seconds=0.5).exchange("GET", url)
    assert time.monotonic() - began < 8


def test_a_body_that_breaks_off_is_no_answer() -> None:
    def broken(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nhalf")
        handler.close_connection = True

    with server(broken) as url, pytest.raises(TransportFailed, match="broke off"):
        transport().exchange("GET", url)


def test_a_login_is_not_passed_on_to_another_server() -> None:
    seen: list[str | None] = []

    def second(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers["Authorization"])
        answer(handler, 200)

    with server(second) as other, server(lambda handler: answer(handler, 307, Location=f"{other}/blob")) as url:
        transport().exchange("GET", url, {"Authorization": "Basic x"})

    assert seen == [None]


@pytest.mark.parametrize("target", ["http://registry.example.com/x", "file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_no_redirect_leads_away_from_tls(target: str) -> None:
    with (
        server(lambda handler: answer(handler, 302, Location=target)) as url,
        pytest.raises(TransportFailed, match="without TLS"),
    ):
        transport().exchange("GET", url)


def test_no_server_with_tls_sends_us_to_a_service_of_this_machine(tmp_path: Path) -> None:
    asked: list[str] = []

    def inside(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        answer(handler, 200)

    with (
        server(inside) as own,
        server(lambda handler: answer(handler, 307, Location=f"{own}/metrics"), tls=certificate(tmp_path)) as url,
        pytest.raises(TransportFailed, match="redirects away from TLS, to http://127"),
    ):
        Transport(20.0, 1000, tmp_path / "cert.pem").exchange("GET", url)

    assert asked == []


def test_redirects_end() -> None:
    with (
        server(lambda handler: answer(handler, 302, Location="/again")) as url,
        pytest.raises(TransportFailed, match="redirects without end"),
    ):
        transport().exchange("GET", url)


def test_nobody_there() -> None:
    with pytest.raises(TransportFailed, match=r"127\.0\.0\.1:9: Connection refused"):
        transport().exchange("GET", "http://127.0.0.1:9/")
