"""HTTP as bytes: requests come out whole however they arrive; what two readers could read differently is refused."""

import time
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portero.decide.reading.http_parser import Head, Malformed, RequestReader, parse_head
from tests.cases import cases

LINE = b"POST /AuthZPlugin.AuthZReq HTTP/1.1\r\n"
HEAD = LINE + b"Host: x\r\n"
MOST = 1 << 20


def pieces(data: bytes, sizes: list[int]) -> Callable[[int], bytes]:
    """Gives the data out in pieces of these sizes, then the rest, then nothing."""
    left = [data]

    def receive(most: int) -> bytes:
        size = min(most, sizes.pop(0) if sizes else len(left[0]))
        piece, left[0] = left[0][:size], left[0][size:]
        return piece

    return receive


def requests(receive: Callable[[int], bytes], kept: int = MOST) -> list[tuple[str, bytes]]:
    reader, found = RequestReader(receive), []
    while (head := reader.read_head()) is not None:
        found.append((head.target, reader.read_body(head, kept, MOST)))
    return found


def refused(data: bytes) -> int:
    with pytest.raises(Malformed) as malformed:
        requests(pieces(data, []))
    return malformed.value.status


def test_what_dockerd_sends_is_read() -> None:
    head = parse_head(
        LINE + b"Host: plugin.moby.localhost\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: 12\r\n"
        b"Accept: application/vnd.docker.plugins.v1.2+json"
    )

    assert head == Head("POST", "/AuthZPlugin.AuthZReq", 12, last=False, expects=False)


@pytest.mark.parametrize(
    ("text", "last"),
    [
        (b"GET / HTTP/1.0", True),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive", True),
        (HEAD + b"Connection: Close", True),
        (HEAD + b"Connection: keep-alive, \tclose", True),
        (HEAD + b"Connection: te,close,", True),
        (HEAD + b"Connection: close\r\nConnection: te", True),
        (HEAD + b"Connection: te\r\nX: a\r\nconnection: close", True),
        (HEAD + b"connection:keep-alive", False),
        (HEAD + b"Connection: not-close, closed\r\nX: close", False),
        (HEAD + b"Connection: ", False),
        (HEAD + b"X: a", False),
    ],
)
def test_a_client_that_wants_no_other_answer_is_understood(text: bytes, last: bool) -> None:
    assert parse_head(text).last is last


@pytest.mark.parametrize(("fields", "status"), cases(__file__, "unclear-heads.jsonl"))
def test_a_head_that_could_be_read_in_two_ways_is_refused(fields: str, status: int) -> None:
    assert refused(HEAD + fields.encode("latin-1") + b"\r\n\r\nab") == status


@pytest.mark.parametrize(
    "host",
    [
        *(
            b"",
            b" ",
            b"x",
            b"plugin.moby.localhost",
            b"localhost:2375",
            b"x:",
            b"127.0.0.1:80",
            b"[::1]",
            b"[fe80::1]:80",
        ),
        *(b"%2Frun%2Fdocker%2Fplugins%2Fportero.sock", b"a_b"),
    ],
)
def test_a_well_formed_host_is_read_and_an_empty_one_too(host: bytes) -> None:
    assert parse_head(LINE + b"Host: " + host).target == "/AuthZPlugin.AuthZReq"


@pytest.mark.parametrize(
    "host",
    [
        *(b"a b", b"a/b", b"/run/portero.sock", b"a@b", b"http://a", b'a,b"', b"a:b", b"a:1:2", b"a:123456", b"::1"),
        *(b"[::1", b"::1]", b"[x]", b"[]", b"[::1]x", b"a?b", b"a#b", b"a\\b", b"\xe9", b"a" * 256),
    ],
)
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_malformed_host_is_refused(host: bytes, version: bytes) -> None:
    assert refused(b"GET / HTTP/" + version + b"\r\nHost: " + host + b"\r\n\r\n") == 400


def test_only_http_1_0_needs_no_host() -> None:
    assert parse_head(b"GET / HTTP/1.0") == Head("GET", "/", 0, last=True, expects=False)
    assert refused(b"GET / HTTP/1.1\r\n\r\n") == 400
    assert refused(LINE + b"X-Host: x\r\nContent-Length: 0\r\n\r\n") == 400


@pytest.mark.parametrize(
    "fields",
    [b"Transfer-Encoding: chunked", b"transfer-encoding: identity", b"Expect: 100-continue", b"expect: ", b"Expect: x"],
)
def test_http_1_0_has_no_transfer_encoding_and_no_expect(fields: bytes) -> None:
    assert refused(b"POST / HTTP/1.0\r\nHost: x\r\n" + fields + b"\r\n\r\n0\r\n\r\n") == 400


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"GET", b"GET /", b"GET / HTTP/1.1 ", b"GET  / HTTP/1.1", b"get / HTTP/1.1", b"GET / HTTP/2.0"),
        *(
            b"GET / HTTP/1.10",
            b"\r\nGET / HTTP/1.1",
            b"GET /\x01 HTTP/1.1",
            b"GET /\xe9 HTTP/1.1",
            b"GET /\tx HTTP/1.1",
        ),
    ],
)
def test_a_request_line_that_is_none_is_refused(line: bytes) -> None:
    assert refused(line + b"\r\n\r\n") == 400


def test_a_head_beyond_the_limit_is_refused_before_its_end_has_come() -> None:
    endless = RequestReader(lambda most: b"x" * 1000)

    with pytest.raises(Malformed) as malformed:
        endless.read_head()

    assert malformed.value.status == 431
    most = HEAD + b"X: " + b"x" * (32768 - len(HEAD) - len("X: "))
    assert requests(pieces(most + b"\r\n\r\n", []))
    assert refused(most + b"x\r\n\r\n") == 431


@pytest.mark.parametrize(
    "body",
    [
        *(b"2;ext=1\r\nab\r\n0\r\n\r\n", b"2 \r\nab\r\n0\r\n\r\n", b"0x2\r\nab\r\n0\r\n\r\n", b"-2\r\nab\r\n0\r\n\r\n"),
        *(
            b"2\nab\r\n0\r\n\r\n",
            b"2\r\nabc\r\n0\r\n\r\n",
            b"2\r\nab\r\n0\r\nTrailer: x\r\n\r\n",
            b"\r\nab\r\n0\r\n\r\n",
        ),
        *(b"2\r\nab\r\n", b"2\r\nab\r\n0\r\n", b"2\r\na", b"2", b"fffffffff\r\n", b"FFFFFFFF\r\n"),
    ],
)
def test_chunks_that_carry_more_or_less_than_data_are_refused(body: bytes) -> None:
    assert refused(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body) == 400


def test_a_body_that_ends_early_is_refused() -> None:
    assert refused(HEAD + b"Content-Length: 3\r\n\r\nab") == 400


@pytest.mark.parametrize("length", [9, 10, 15, 16, 255, 256, 70_000])
def test_chunks_have_any_length(length: int) -> None:
    chunk = b"%x\r\n%s\r\n" % (length, b"a" * length)

    sent = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 2 + b"0\r\n\r\n"
    assert requests(pieces(sent, []), kept=length + 3) == [("/AuthZPlugin.AuthZReq", b"a" * (length + 3))]


def test_a_body_is_read_to_its_end_and_given_out_up_to_a_limit() -> None:
    data = HEAD + b"Content-Length: 6\r\n\r\nabcdef" + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"

    assert requests(pieces(data, []), kept=4) == [("/AuthZPlugin.AuthZReq", b"abcd"), ("/healthz", b"")]


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 1048577\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n100001\r\n"]
)
def test_a_body_beyond_what_anybody_may_send_is_refused(framing: bytes) -> None:
    assert refused(HEAD + framing + b"x" * (MOST + 1)) == 413


def test_a_client_that_says_nothing_has_hung_up() -> None:
    assert RequestReader(lambda most: b"").read_head() is None


def test_a_client_that_hangs_up_within_a_head_is_malformed() -> None:
    assert refused(HEAD + b"Content-Length: 0\r\n") == 400


def as_length(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def as_chunks(body: bytes) -> bytes:
    cut = [body[at : at + 7] for at in range(0, len(body), 7)]
    return (
        HEAD
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in cut)
        + b"0\r\n\r\n"
    )


_SIZES = st.lists(st.integers(1, 40), max_size=60)


@given(st.lists(st.tuples(st.binary(max_size=60), st.booleans()), min_size=1, max_size=4), _SIZES)
def test_requests_are_the_same_in_whatever_pieces_they_arrive(sent: list[tuple[bytes, bool]], sizes: list[int]) -> None:
    data = b"".join(as_chunks(body) if chunked else as_length(body) for body, chunked in sent)

    assert requests(pieces(data, sizes)) == [("/AuthZPlugin.AuthZReq", body) for body, _ in sent]


_FIELDS = (b"Content-Length: ", b"Transfer-Encoding: ", b"chunked", b"Expect: 100-continue", b"Host: x", b"X")
_MARKS = (b"\r\n", b"\r\n\r\n", b"\n", b"\r", b":", b" ", b"\t", b"\x00", b"\xff", b"0", b"5")
_WORDS = st.sampled_from([LINE, HEAD, b"GET / HTTP/1.1\r\n", *_FIELDS, *_MARKS, b"5\r\nhello\r\n", b"0\r\n\r\n"])


@settings(max_examples=400)
@given(st.lists(_WORDS | st.binary(max_size=5), max_size=12).map(b"".join), _SIZES)
@example(b"", [])
def test_any_bytes_are_read_alike_in_any_pieces_or_refused_as_malformed(data: bytes, sizes: list[int]) -> None:
    def outcome(receive: Callable[[int], bytes]) -> object:
        try:
            return requests(receive)
        except Malformed as malformed:
            return malformed.status

    assert outcome(pieces(data, sizes)) == outcome(pieces(data, []))


@pytest.mark.parametrize("hostile", [b"X:" * 16_000, b"X:\r\n" * 8_000, b"\t" * 32_000, b"a" * 32_000])
def test_no_head_takes_long_to_read(hostile: bytes) -> None:
    began = time.process_time()
    with pytest.raises(Malformed):
        parse_head(HEAD + hostile + b"\x00")

    assert time.process_time() - began < 0.5
