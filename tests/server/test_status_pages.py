"""The pages beside Docker's calls: health, status, metrics, and errors that never allow."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from portero.server.status_pages import LazyPage, Page, ask_page, create_pages
from portero.values.json_types import JSON
from tests.server.running import Server
from tests.server.stand_in import StandIn


def test_method_path_query_and_body_reach_the_application() -> None:
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        seen.update(environ, body=environ["wsgi.input"].read())
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"a", b"b"]

    answer = ask_page(application, "PUT", "/a%20b?c=d%20e", b"xyz")

    assert answer == ("200 OK", {"Content-Type": "text/plain"}, b"ab")
    assert (seen["REQUEST_METHOD"], seen["PATH_INFO"], seen["QUERY_STRING"]) == ("PUT", "/a b", "c=d%20e")
    assert (seen["CONTENT_LENGTH"], seen["body"]) == ("3", b"xyz")


def test_the_last_start_counts_and_the_answer_is_closed() -> None:
    closed = []

    class Given:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"x"])

        def close(self) -> None:
            closed.append(True)

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Given:
        start("200 OK", [])
        start("500 Internal Server Error", [("X", "y")], None)
        return Given()

    assert ask_page(application, "GET", "/", b"") == ("500 Internal Server Error", {"X": "y"}, b"x")
    assert closed == [True]


def ready(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    start("200 OK", [])
    return [b"x"]


def test_a_later_page_is_made_once_when_it_is_asked_for() -> None:
    made = []

    def make() -> Page:
        made.append(True)
        return ready

    page = LazyPage(make)
    assert made == []
    assert [ask_page(page, "GET", "/", b"") for _ in range(2)] == [("200 OK", {}, b"x")] * 2
    assert made == [True]


@pytest.mark.parametrize("error", [OSError(24, "Too many open files"), ImportError("No module named 'flask'")])
def test_a_page_that_cannot_be_made_now_is_tried_again(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    failures: list[Exception] = [error]

    def make() -> Page:
        if failures:
            raise failures.pop()
        return ready

    page = LazyPage(make)
    assert ask_page(page, "GET", "/", b"") == ("503 Service Unavailable", {}, b"")
    assert caplog.messages == [f"no page can be made: {error}"]
    assert ask_page(page, "GET", "/", b"") == ("200 OK", {}, b"x")


def test_health_and_status_are_reported(server: Server) -> None:
    assert server.ask("GET", "/healthz") == (200, {"loads": 0, "began": "first"})
    assert server.ask("GET", "/status") == (200, {"full": True})
    assert server.ask("GET", "/policy") == (200, {"settings": {}})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/", 404),
        ("POST", "/AuthZPlugin.AuthZReq/", 404),
        ("POST", "/VolumeDriver.Create", 404),
        ("GET", "/AuthZPlugin.AuthZReq", 405),
        ("PUT", "/AuthZPlugin.AuthZRes", 405),
        ("GET", "/Plugin.Activate", 405),
        ("POST", "/healthz", 405),
    ],
)
def test_what_is_no_call_of_the_protocol_is_an_http_error(server: Server, method: str, path: str, status: int) -> None:
    answered, document = server.ask(method, path, b"")

    assert answered == status
    assert list(document) == ["Err"]


def test_a_fault_in_a_page_is_portero_s_failure_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(StandIn):
        def status(self) -> dict[str, JSON]:
            raise ZeroDivisionError

    answer = create_pages(Failing()).test_client().get("/status")

    assert answer.get_json(force=True) == {"Allow": False, "Msg": "internal-error"}
    assert "ZeroDivisionError" in caplog.text


def test_metrics_are_text_as_prometheus_reads_it() -> None:
    answer = create_pages(StandIn()).test_client().get("/metrics")

    assert answer.data == b"loads 1\n"
    assert answer.content_type.startswith("text/plain; version=")
