"""Fetches the keys of issuers of tokens: https only, bounded."""

import re
from pathlib import Path

import pytest

from portero.tools.registries.key_fetch import fetch_keys
from tests.decide.identity.test_keys import entry, key_set
from tests.tools.cli.key_server import serve_keys, serve_proxy


def fault_of_fetch(capsys: pytest.CaptureFixture[str], url: str, ca: Path | None = None) -> str:
    with pytest.raises(SystemExit) as ended:
        fetch_keys(url, ca)
    assert ended.value.code == 2
    return re.sub(r"127.0.0.1:\d+", "HOST", capsys.readouterr().err)


KEYS = key_set(entry("ES256", kid="1"), entry("EdDSA"))


def test_the_set_is_taken_as_it_is_sent_from_where_the_issuers_configuration_says(tmp_path: Path) -> None:
    answers: dict[str, bytes | int | str] = {"/keys": KEYS}
    with serve_keys(tmp_path, answers) as server:
        answers["/c"] = f'{{"issuer": "x", "jwks_uri": "{server.url}/keys"}}'.encode()
        found = [fetch_keys(f"{server.url}/{path}", server.ca) for path in ("keys", "c")]

    assert found == [(KEYS, 2)] * 2


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (404, "the server answers 404"),
        (
            "https://elsewhere.example.com/keys",
            "leads to elsewhere.example.com, another server; name the issuer's",
        ),
        (b"<html>", "the answer is no JSON object"),
        (b'{"jwks_uri": "file:///etc/passwd"}', "file:///etc/passwd: keys are fetched over https only"),
        (b'{"jwks_uri": "http://HOST/keys"}', "http://HOST/keys: keys are fetched over https only"),
        (b'{"keys": []}', "holds no key"),
        (key_set(entry("ES256", private=True)), "holds a private or shared key"),
        (b" " * (1 << 20) + b"{}", "answers with more than 1048576 bytes"),
    ],
)
def test_anything_else_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: bytes | int | str, fault: str
) -> None:
    with serve_keys(tmp_path, {"/keys": answer}) as server:
        assert fault in fault_of_fetch(capsys, f"{server.url}/keys", server.ca)


def test_a_server_of_an_unknown_authority_is_not_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serve_keys(tmp_path, {"/keys": KEYS}) as server:
        assert "its certificate is not trusted" in fault_of_fetch(capsys, f"{server.url}/keys")


@pytest.mark.parametrize("url", ["http://127.0.0.1/keys", "file:///etc/passwd", "ftp://127.0.0.1/", "keys", ""])
def test_only_https_is_asked(capsys: pytest.CaptureFixture[str], url: str) -> None:
    assert "keys are fetched over https only" in fault_of_fetch(capsys, url)


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY"])
def test_keys_are_fetched_by_the_proxy_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    asked: list[tuple[str, str | None]] = []
    with serve_keys(tmp_path, {"/keys": KEYS}) as server, serve_proxy(server, asked) as proxy:
        for address in (f"http://alicia:a%3Ab@{proxy}/", proxy):
            monkeypatch.setenv(variable, address)
            assert fetch_keys("https://keys.example.com/keys", server.ca) == (KEYS, 2)

    assert asked == [("keys.example.com:443", "Basic YWxpY2lhOmE6Yg=="), ("keys.example.com:443", None)]


def test_no_proxy_names_servers_that_are_asked_directly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "example.com,127.0.0.1")

    with serve_keys(tmp_path, {"/keys": KEYS}) as server:
        assert fetch_keys(f"{server.url}/keys", server.ca) == (KEYS, 2)


@pytest.mark.parametrize(
    ("proxy", "fault"),
    [
        ("http://alicia:secret@PROXY", "keys.example.com: not reached by the proxy 127.0.0.1 (Tunnel"),
        ("http://alicia:secret@127.0.0.1:9", "not reached by the proxy 127.0.0.1 (Connection refused)"),
        ("http://alicia:secret@127.0.0.1:x", "https_proxy: is no address of a proxy"),
        ("http://", "https_proxy: is no address of a proxy"),
    ],
)
def test_a_proxy_that_does_not_connect_is_named_without_its_login(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, proxy: str, fault: str
) -> None:
    with serve_keys(tmp_path, {}) as server, serve_proxy(server, [], 407) as address:
        monkeypatch.setenv("https_proxy", proxy.replace("PROXY", address))
        shown = fault_of_fetch(capsys, "https://keys.example.com/keys", server.ca)

    assert (fault in shown, "secret" in shown) == (True, False), shown
