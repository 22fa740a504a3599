"""Requests to dockerd at its socket: nothing but a whole answer in time counts."""

import time

import pytest

from portero.observe.dockerd.api import HEADER, MAX_ANSWER_BYTES, SECRET, EngineApi, TimedRequests
from portero.observe.dockerd.connection_pool import ConnectionPool
from tests.observe.lookups.answering import answering, http
from tests.unix_server import silent


def get(
    address: str,
    target: str,
    seconds: float,
    uids: set[int] | None,
    max_bytes: int = MAX_ANSWER_BYTES,
    kept: ConnectionPool | None = None,
) -> tuple[int, bytes] | None:
    """The first answer; None: there is none. `uids`: only a process of one of these users is asked."""
    requests = TimedRequests([address], None, lambda: seconds, kept)
    requests._uids = uids
    return next(requests.get_bodies(target, max_bytes), None)


def test_an_answer_has_status_and_body_and_the_request_the_header(address: str) -> None:
    with answering(address, {"/info": http("200 OK", "{}")}) as asked:
        assert get(address, "/info", 1.0, None) == (200, b"{}")

    assert f"{HEADER}: {SECRET}" in asked[0]


@pytest.mark.parametrize("answer", [b"", b"nonsense", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}"])
def test_half_an_answer_is_none(address: str, answer: bytes) -> None:
    with answering(address, {"/info": answer}):
        assert get(address, "/info", 1.0, None) is None


def test_an_answer_that_is_too_long_is_none(address: str) -> None:
    with answering(address, {"/info": http("200 OK", " " * 11)}):
        assert get(address, "/info", 1.0, None, max_bytes=10) is None
        assert get(address, "/info", 1.0, None, max_bytes=11) == (200, b" " * 11)


def test_where_nothing_listens_is_no_answer(address: str) -> None:
    assert get(address, "/info", 1.0, None) is None


@pytest.mark.parametrize(
    ("seconds", "uids"), [(0.0, None), (1.0, {4711})], ids=["no time is left", "another user's socket"]
)
def test_nothing_is_asked_without_time_or_of_another_user(address: str, seconds: float, uids: set[int] | None) -> None:
    with answering(address, {"/info": http("200 OK", "{}")}) as asked:
        assert get(address, "/info", seconds, uids) is None

    assert asked == []


def test_silence_ends_in_time(address: str) -> None:
    with silent(address):
        began = time.monotonic()

        assert get(address, "/info", 0.05, None) is None
        assert time.monotonic() - began < 1


def test_the_engine_api_answers_with_an_object_or_a_list(address: str) -> None:
    with answering(address, {"/info": http("200 OK", '{"ID": "x"}'), "/plugins": http("200 OK", "[1]")}):
        assert EngineApi(address).get("/info") == {"ID": "x"}
        assert EngineApi(address).get_list("/plugins") == [1]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (http("500 Oh", "{}"), "GET /info"),
        (http("200 OK", "[]"), "GET /info"),
        (http("200 OK", "no json"), "Expecting value"),
        (http("200 OK", "[" * 100_000), "deep"),
        (b"hello\n", "not answered in HTTP"),
    ],
    ids=["status", "list", "text", "deep", "no HTTP"],
)
def test_anything_else_is_not_the_engine_api(address: str, answer: bytes, error: str) -> None:
    with answering(address, {"/info": answer}), pytest.raises(ValueError, match=error):
        EngineApi(address).get("/info")


def test_a_list_is_no_object_and_silence_an_os_error(address: str) -> None:
    with answering(address, {"/info": http("200 OK", "{}")}), pytest.raises(ValueError, match="with a list"):
        EngineApi(address).get_list("/info")
    with pytest.raises(OSError, match="Connection refused"):
        EngineApi(address).get("/info")


@pytest.mark.parametrize(
    ("answer", "told"),
    [(http("403 No", '{"message": "no"}'), (403, "no")), (http("201 Created", "[]"), (201, ""))],
    ids=["message", "none"],
)
def test_the_message_of_an_answer_is_given_with_its_status(address: str, answer: bytes, told: tuple[int, str]) -> None:
    with answering(address, {"/containers/create": answer}):
        assert EngineApi(address).post("/containers/create", b"{}") == told
