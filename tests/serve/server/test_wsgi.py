"""How a page is asked of an application, which is made when the first is."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from portero.serve.server.wsgi import LazyPage, Page, ask_page


def test_nothing_of_flask_is_loaded_before_the_first_page() -> None:
    modules = "sys, portero.tools.cli.serve_command, portero.serve.server.gunicorn_arbiter"
    loaded = f"import {modules}; print('flask' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


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
