"""Heads at a door: what goes to dockerd is one request with one stamp, whatever came."""

import pytest

from portero.decide.reading.http_parser import Malformed
from portero.door.request_head import MAX_HEAD, name_excess, read_request_head

LINE = b"GET /containers/json HTTP/1.1"
HEAD = LINE + b"\r\nHost: docker"


def written(text: bytes, *, keeps_token: bool = False) -> bytes:
    return read_request_head(text, keeps_token=keeps_token).write("stamp")


def test_a_head_gets_one_stamp_and_the_end_of_its_connection() -> None:
    assert written(HEAD + b"\r\nUser-Agent: x\r\nContent-Length: 99999999999") == (
        HEAD + b"\r\nUser-Agent: x\r\nContent-Length: 99999999999\r\nX-Portero-Door: stamp\r\nConnection: close\r\n\r\n"
    )


@pytest.mark.parametrize(
    "field",
    [
        *(b"X-Portero-Door: forged", b"x-portero-door: forged", b"X_Portero_Door: forged", b"X-PORTERO_DOOR:"),
        *(b"Connection: keep-alive", b"connection: X-Portero-Door", b"Keep-Alive: 5", b"TE: trailers", b"Trailer: X"),
        *(b"HTTP2-Settings: AAMAAABkAAQAAP__", b"Proxy-Connection: keep-alive", b"X-Portero-Token: a.b.c"),
    ],
)
def test_what_names_the_caller_or_belongs_to_one_connection_is_left_out(field: bytes) -> None:
    assert written(HEAD + b"\r\n" + field + b"\r\nAccept: */*") == written(HEAD + b"\r\nAccept: */*")


def test_the_users_own_token_passes_where_it_is_kept() -> None:
    assert b"\r\nX-Portero-Token: a.b.c\r\n" in written(HEAD + b"\r\nX-Portero-Token: a.b.c", keeps_token=True)


@pytest.mark.parametrize("tokens", [b"Upgrade", b"keep-alive, upgrade", b"Upgrade\r\nConnection: close"])
def test_an_upgrade_is_asked_for_beside_the_end(tokens: bytes) -> None:
    head = written(HEAD + b"\r\nConnection: " + tokens + b"\r\nUpgrade: tcp")

    assert head.endswith(b"\r\nUpgrade: tcp\r\nX-Portero-Door: stamp\r\nConnection: close, Upgrade\r\n\r\n")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"PRI * HTTP/2.0", 505),
        (b"PRI * HTTP/1.1\r\nHost: d", 400),
        (b"GET / HTTP/1.0\r\nHost: d", 505),
        (b"GET / HTTP/3\r\nHost: d", 505),
        (b"GET /", 400),
        (b"GET http://d/ HTTP/1.1\r\nHost: d", 400),
        (b"OPTIONS * HTTP/1.1\r\nHost: d", 400),
        (HEAD + b"\r\nHost: e", 400),
        (LINE, 400),
        (HEAD + b"\r\nContent-Type: a/b\r\ncontent-type: c/d", 400),
        (HEAD + b"\r\nContent-Type: a/b\r\nContent_Type: c/d", 400),
        (HEAD + b"\r\nContent-Length: 1\r\nContent-Length: 1", 400),
        (HEAD + b"\r\nContent-Length: 1\r\nTransfer-Encoding: chunked", 400),
        (HEAD + b"\r\nTransfer-Encoding: chunked, identity", 501),
        (HEAD + b"\r\nX: a\r\n folded", 400),
        (HEAD + b"\nX: a", 400),
        (HEAD + b"\r\nX : a", 400),
        (HEAD + b"\r\nX: a\x00", 400),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(text: bytes, status: int) -> None:
    with pytest.raises(Malformed) as malformed:
        read_request_head(text, keeps_token=True)

    assert malformed.value.status == status


@pytest.mark.parametrize(
    ("fields", "largest"),
    [
        ([b"X-Registry-Config: " + b"a" * 44_000, *[b"X: a"] * 198], None),  # twelve logins of a large registry
        ([b"X-Registry-Config: " + b"a" * MAX_HEAD, b"X: a"], "X-Registry-Config (65555 bytes)"),
        ([b"\x1b]0;" + b"a" * MAX_HEAD], "?]0;aaaa"),
        ([*[b"X: a"] * 200, b"Long: aaaaaa" + b"a" * 99], "Long (111 bytes)"),
    ],
)
def test_a_long_head_is_refused_before_it_is_parsed_by_its_largest_field(
    fields: list[bytes], largest: str | None
) -> None:
    fault = name_excess(b"\r\n".join((LINE, *fields)))

    assert (fault == "") is (largest is None)
    assert (largest or "") in fault
    assert fault.isprintable()
    assert len(fault) < 400
    assert "request line" in name_excess(b"GET /" + b"a" * MAX_HEAD + b"\r\nHost: docker")
