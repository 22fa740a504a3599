"""What dockerd posts after a request: a read is nothing, a failure comes without status and body."""

import base64
import json
from typing import Any

import pytest

from portero.reading.authz_response import read_result

REQUEST = {"RequestMethod": "POST", "RequestUri": "/containers/create", "RequestBody": "e30="}


def post(**more: Any) -> bytes:
    return json.dumps({**REQUEST, **more}, separators=(",", ":")).encode() + b"\n"


def test_status_and_body_of_the_answer() -> None:
    found = read_result(post(ResponseStatusCode=201, ResponseBody=base64.b64encode(b'{"Id":"1"}').decode()))

    assert found is not None
    assert (found.status, found.body, found.envelope.body) == (201, b'{"Id":"1"}', b"{}")


@pytest.mark.parametrize("more", [{}, {"ResponseBody": "%", "ResponseStatusCode": 201}, {"ResponseBody": [1]}])
def test_without_both(more: Any) -> None:
    found = read_result(post(**more))

    assert found is not None
    assert (found.status, found.body) == (0, b"")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no json",
        post(RequestMethod="GET"),
        post(RequestMethod="HEAD"),
    ],
)
def test_a_read_and_what_cannot_be_read_is_nothing(data: bytes) -> None:
    assert read_result(data) is None


def test_no_client_can_have_its_change_taken_for_a_read() -> None:
    mark = '"RequestMethod":"GET"'
    found = read_result(post(RequestUri=f"/x?{mark}", RequestHeaders={"A": mark, "Requestmethod": "GET"}, User=mark))

    assert found is not None
