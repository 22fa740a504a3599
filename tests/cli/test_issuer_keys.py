"""Keys of an issuer are fetched over https, without redirections, and only when they can be used."""

import re
from pathlib import Path

import pytest

from portero.cli.issuer_keys import fetch_keys
from tests.cli.key_server import KeyServer
from tests.identity.test_keys import entry, key_set

KEYS = key_set(entry("ES256", kid="1"), entry("EdDSA"))


def fault_of(capsys: pytest.CaptureFixture[str], url: str, ca: Path | None = None) -> str:
    with pytest.raises(SystemExit) as ended:
        fetch_keys(url, str(ca) if ca else None)
    assert ended.value.code == 2
    return re.sub(r"127.0.0.1:\d+", "HOST", capsys.readouterr().err)


def test_the_set_is_taken_as_it_is_sent(tmp_path: Path) -> None:
    with KeyServer(tmp_path, {"/keys": KEYS}) as server:
        found = fetch_keys(f"{server.url}/keys", str(server.ca))

    assert (found.text, found.count) == (KEYS, 2)


def test_an_issuers_configuration_says_where_its_set_is(tmp_path: Path) -> None:
    answers: dict[str, bytes | int | str] = {"/keys": KEYS}
    with KeyServer(tmp_path, answers) as server:
        answers["/c"] = f'{{"issuer": "x", "jwks_uri": "{server.url}/keys"}}'.encode()
        assert fetch_keys(f"{server.url}/c", str(server.ca)).text == KEYS


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (404, "the server answers 404"),
        ("https://elsewhere.example.com/keys", "the server answers 302"),
        (b"<html>", "the answer is no JSON object"),
        (b'{"jwks_uri": "file:///etc/passwd"}', "file:///etc/passwd: keys are fetched over https only"),
        (b'{"jwks_uri": "http://HOST/keys"}', "http://HOST/keys: keys are fetched over https only"),
        (b'{"keys": []}', "holds no key"),
        (key_set(entry("ES256", private=True)), "holds a private or shared key"),
        (b" " * (1 << 20) + b"{}", "larger than 1 MiB"),
    ],
)
def test_anything_else_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: bytes | int | str, fault: str
) -> None:
    with KeyServer(tmp_path, {"/keys": answer}) as server:
        assert fault in fault_of(capsys, f"{server.url}/keys", server.ca)


def test_a_server_of_an_unknown_authority_is_not_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with KeyServer(tmp_path, {"/keys": KEYS}) as server:
        assert "cannot be fetched" in fault_of(capsys, f"{server.url}/keys")


@pytest.mark.parametrize("url", ["http://127.0.0.1/keys", "file:///etc/passwd", "ftp://127.0.0.1/", "keys", ""])
def test_only_https_is_asked(capsys: pytest.CaptureFixture[str], url: str) -> None:
    assert "keys are fetched over https only" in fault_of(capsys, url)
