"""Bundles from wherever their address leads, and only when they are new."""

import json
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from portero.tools.registries.bundle_archive import Bundle
from portero.tools.registries.bundle_fetch import BundleSource, read_login
from portero.tools.registries.https import TransportFailed

from .signed import answer, answer_bundle, server


def source(url: str) -> BundleSource:
    return BundleSource(f"{url}/policy.tar.gz", 20.0)


def test_a_file_is_fetched_once_for_each_etag() -> None:
    with server(lambda handler: answer_bundle(handler, Bundle(b"data", "signature"), '"1"')) as url:
        assert source(url).fetch() == Bundle(b"data", "signature", '"1"')
        assert source(url).fetch('"1"') is None


def test_without_an_etag_the_mark_is_the_content() -> None:
    with server(lambda handler: answer_bundle(handler, Bundle(b"data", "signature"))) as url:
        found = source(url).fetch()

    assert found is not None
    assert found.mark.startswith("sha256:")


@pytest.mark.parametrize("status", [304, 404, 500])
def test_any_other_status_is_no_bundle(status: int) -> None:
    with (
        server(lambda handler: answer(handler, status)) as url,
        pytest.raises(TransportFailed, match=f"status {status}"),
    ):
        source(url).fetch()


def test_the_signature_stands_beside_the_file_and_can_be_missing_but_not_unreachable() -> None:
    asked: list[str] = []
    status = [200, 404, 503]

    def respond(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        beside = ".sig" in handler.path
        answer(handler, status[0] if beside else 200, b"text\n" if beside else b"data")

    with server(respond) as url:
        queried = BundleSource(f"{url}/policy.tar.gz?token=x", 20.0)
        there = queried.fetch()
        status.pop(0)
        missing = queried.fetch()
        status.pop(0)
        with pytest.raises(TransportFailed, match=r"status 503 for .*/policy\.tar\.gz\.sig"):
            queried.fetch()

    assert there is not None
    assert missing is not None
    assert (there.signature, missing.signature) == ("text", "")
    assert asked[:2] == ["/policy.tar.gz?token=x", "/policy.tar.gz.sig?token=x"]


def test_all_exchanges_have_one_deadline() -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.4)
        answer_bundle(handler, Bundle(b"data", "signature"))

    with (
        server(respond) as url,
        pytest.raises(TransportFailed, match=r"127\.0\.0\.1:\d+: did not answer in full") as failed,
    ):
        BundleSource(f"{url}/policy.tar.gz", 0.6).fetch()

    assert str(failed.value).endswith("within 0.6 s")


def write(folder: Path, document: object, mode: int = 0o600) -> Path:
    file = folder / "config.json"
    file.write_text(json.dumps(document))
    file.chmod(mode)
    return file


def test_the_login_of_a_host_and_of_no_other(tmp_path: Path) -> None:
    file = write(tmp_path, {"auths": {"registry.example.com": {"auth": "YTpi"}}})

    assert read_login(file, "registry.example.com") == "Basic YTpi"
    assert read_login(file, "registry.example.com:5000") is None
    assert read_login(None, "registry.example.com") is None


KIND = "is not as `docker login` writes it"


@pytest.mark.parametrize(
    ("document", "mode", "why"),
    [
        ({}, 0o640, "others can read these logins: chmod 600 it"),
        ([], 0o600, KIND),
        ({"auths": {"x": {}}}, 0o600, KIND),
        ({"auths": {"x": {"auth": "?"}}}, 0o600, KIND),
        ({"auths": []}, 0o600, KIND),
        (None, 0o600, "cannot be read"),
    ],
)
def test_a_file_that_is_no_file_of_logins_is_refused(tmp_path: Path, document: object, mode: int, why: str) -> None:
    with pytest.raises(TransportFailed, match=why):
        read_login(tmp_path / "none" if document is None else write(tmp_path, document, mode), "x")


def test_a_credential_of_systemd_has_an_access_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))

    assert read_login(write(tmp_path, {}, 0o440), "x") is None


def test_a_file_that_nests_too_deep_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, {})
    file.write_text("[" * 100_000)

    with pytest.raises(TransportFailed, match="is not as `docker login` writes it"):
        read_login(file, "x")
