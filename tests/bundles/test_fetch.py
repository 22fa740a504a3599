"""Bundles from wherever their address leads, and only when they are new."""

from http.server import BaseHTTPRequestHandler

import pytest

from portero.bundles.address import WebAddress
from portero.bundles.fetch import BundleSource
from portero.bundles.transport import TransportFailed

from .signed import answer, server


def source(url: str) -> BundleSource:
    return BundleSource(WebAddress(f"{url}/policy.tar.gz"), 20.0)


def test_a_file_is_fetched_once_for_each_etag() -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers["If-None-Match"] == '"1"':
            answer(handler, 304)
        else:
            answer(handler, 200, b"data", ETag='"1"')

    with server(respond) as url:
        assert source(url).fetch() == (b"data", '"1"')
        assert source(url).fetch('"1"') is None


def test_without_an_etag_the_mark_is_the_content() -> None:
    with server(lambda handler: answer(handler, 200, b"data")) as url:
        found = source(url).fetch()

    assert found is not None
    assert found[1].startswith("sha256:")


@pytest.mark.parametrize("status", [304, 404, 500])
def test_any_other_status_is_no_bundle(status: int) -> None:
    with (
        server(lambda handler: answer(handler, status)) as url,
        pytest.raises(TransportFailed, match=f"status {status}"),
    ):
        source(url).fetch()
