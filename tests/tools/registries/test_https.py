"""HTTP with one deadline, a bound, and no way to a server that is not expected."""

import signal
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from portero.tools.registries.https import DeadlinePassed, HttpAnswer, Transport, TransportFailed, limit_seconds
from portero.tools.registries.urls import parse_url

from .signed import answer, certificate, server


def get(
    url: str, seconds: float = 20.0, max_size: int = 1000, ca: Path | None = None, hosts: tuple[str, ...] = ()
) -> HttpAnswer:
    """Ask a server for this, with a login."""
    home = parse_url(f"{url}/x")
    return Transport(home, seconds, ca, hosts).exchange("GET", home, {"Authorization": "Basic x"}, max_size=max_size)


def name(url: str) -> str:
    return url.partition("//")[2]


def refuse(respond: Callable[[BaseHTTPRequestHandler], None], why: str, seconds: float = 20.0) -> None:
    """Ask a server that answers so, and see that this is no answer for us."""
    with server(respond) as url, pytest.raises(TransportFailed, match=why):
        get(url, seconds)


def test_an_answer_comes_with_its_headers() -> None:
    with server(lambda handler: answer(handler, 200, b"hello", ETag='"1"')) as url:
        found = get(url)

    assert (found.status, found.body, found.headers["etag"]) == (200, b"hello", '"1"')


def test_more_than_the_bound_is_not_read() -> None:
    refuse(lambda handler: answer(handler, 200, b"x" * 1001), "answers with more than 1000 bytes")


def test_a_server_that_sends_a_byte_now_and_then_does_not_hold_us() -> None:
    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
        for _ in range(100):
            handler.wfile.write(b"x")
            time.sleep(0.1)

    began = time.monotonic()
    refuse(trickle, r"did not answer in full within 0\.5 s", seconds=0.5)
    assert time.monotonic() - began < 8


def test_redirects_count_against_the_time_of_one_exchange() -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.4)
        step = int(handler.path[2:] or 0)
        answer(handler, 302 if step < 3 else 200, Location=f"/x{step + 1}")

    refuse(drip, r"did not answer in full within 1 s", seconds=1.0)


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    with server(lambda handler: answer(handler, 200, b"hello")) as url:
        assert get(url).body == b"hello"


def test_a_body_that_breaks_off_is_no_answer() -> None:
    def broken(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nhalf")
        handler.close_connection = True

    refuse(broken, "broke off")


def test_another_server_is_asked_only_when_the_site_lists_it_and_gets_no_login() -> None:
    seen: list[str | None] = []

    def second(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers["Authorization"])
        answer(handler, 200)

    with server(second) as other, server(lambda handler: answer(handler, 307, Location=f"{other}/blob")) as url:
        with pytest.raises(TransportFailed, match=f"leads to {name(other)}, which PORTERO_BUNDLE_HOSTS does not list"):
            get(url)
        assert seen == []
        get(url, hosts=(name(other),))

    assert seen == [None]


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("http://registry.example.com/x", "leads away from TLS, to http://registry"),
        ("file:///etc/passwd", "names an invalid address"),
        ("ftp://127.0.0.1/x", "names an invalid address"),
        ("http://[::1", "names an invalid address"),
        ("/again", "redirects without end"),
    ],
)
def test_redirects_end_and_none_leads_away_from_the_web(target: str, why: str) -> None:
    refuse(lambda handler: answer(handler, 302, Location=target), why)


@pytest.mark.parametrize("is_listed", [False, True])
def test_no_server_with_tls_sends_us_to_a_service_of_this_machine(tmp_path: Path, *, is_listed: bool) -> None:
    asked: list[str] = []

    def inside(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        answer(handler, 200)

    with (
        server(inside) as own,
        server(lambda handler: answer(handler, 307, Location=f"{own}/metrics"), tls=certificate(tmp_path)) as url,
        pytest.raises(TransportFailed, match=r"leads away from TLS, to http://127"),
    ):
        get(url, ca=tmp_path / "cert.pem", hosts=(name(own),) if is_listed else ())

    assert asked == []


def test_nobody_there_and_an_authority_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(TransportFailed, match=r"127\.0\.0\.1:9: not reached \(Connection refused\): does it run, "):
        get("http://127.0.0.1:9")
    with pytest.raises(TransportFailed, match=r"none\.pem: cannot be used as a certificate authority \(No such file"):
        get("https://127.0.0.1:9", ca=tmp_path / "none.pem")
    (tmp_path / "empty.pem").write_text("")
    with pytest.raises(TransportFailed, match=r"empty\.pem: holds no certificate in PEM: name the authority's"):
        Transport(parse_url("https://127.0.0.1:9/x"), 5, tmp_path / "empty.pem").exchange(
            "GET", parse_url("https://127.0.0.1:9/x")
        )


def work_for_ever() -> None:
    """As a library may do it."""
    while True:
        with suppress(Exception):
            sum(range(1000))


def test_work_of_the_processor_ends_too_even_where_every_error_is_swallowed() -> None:
    began = time.monotonic()
    with pytest.raises(DeadlinePassed), limit_seconds(0.2):
        work_for_ever()

    assert time.monotonic() - began < 10


def work_within(seconds: float) -> None:
    with limit_seconds(seconds):
        pass
    with limit_seconds(20):
        work_for_ever()


def test_a_deadline_within_another_changes_nothing_of_it() -> None:
    began = time.monotonic()
    with pytest.raises(DeadlinePassed), limit_seconds(0.3):
        work_within(0.1)

    assert time.monotonic() - began < 10


def test_a_deadline_that_passes_within_another_ends_both() -> None:
    reached = []

    def pass_within() -> None:
        with limit_seconds(5), suppress(DeadlinePassed):
            work_for_ever()
        reached.append("what comes after the block within")

    with pytest.raises(DeadlinePassed), limit_seconds(0.2):
        pass_within()

    assert reached == []
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_what_is_done_in_time_is_left_alone_and_no_signal_comes_later() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with limit_seconds(0.2):
        pass
    time.sleep(0.4)

    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
