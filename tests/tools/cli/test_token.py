"""`portero token issue`, `show`, `verify` and `keys`."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.decide.identity.test_keys import entry, key_set
from tests.decide.judging.requests import write_files
from tests.tools.cli.key_server import serve_keys
from tests.tools.cli.running import fault_of, portero

run = partial(portero, "token")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    assert portero("keygen", str(tmp_path / "key")).exit_code == 0
    return tmp_path / "key"


@pytest.fixture
def policy(tmp_path: Path, key: Path) -> Path:
    issuer = {"issuer": "portero", "keys": "own.pem", "lifetime": 3600}
    site = {"token-issuers": [issuer], "profiles": [{"groups": ["dev"], "profile": "restricted"}]}
    files = {"keys/own.pem": key.with_name("key.pub").read_bytes(), "site.json": site}
    return write_files(tmp_path / "policy", files)


def issued(key: Path, *more: object) -> str:
    result = run("issue", "--key", key, "--for", "web", "--user", "alicia", "--group", "dev", *more)
    assert result.exit_code == 0
    return result.output.strip()


def verify(value: str, policy: Path, *more: object) -> Result:
    return run("verify", "--schemas", policy, "--for", "web", *more, text=value)


def test_a_token_is_issued_shown_and_verified(key: Path, policy: Path) -> None:
    value = issued(key, "--lifetime", "45m")

    shown = json.loads(run("show", "--json", text=value + "\n").output)
    assert [shown[name] for name in ("iss", "aud", "sub", "groups")] == ["portero", "web", "alicia", ["dev"]]
    assert shown["exp"] - shown["iat"] == 2700
    result = verify(value, policy)
    assert result.exit_code == 0
    assert result.output.splitlines()[:3] == ["user     alicia", "groups   dev", "profile  restricted"]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["--for", "", "--user", "alicia"], "write a name of a-z, 0-9, . and -, such as web"),
        (["--for", "web,db", "--user", "alicia"], "write a name of a-z, 0-9, . and -, such as web"),
        (["--for", "web", "--user", "unix:alicia"], "--user: unix:alicia: only doors name their users so"),
        (["--for", "web", "--user", "door:traefik"], "--user: door:traefik: only doors name their users so"),
    ],
)
def test_no_token_is_made_that_every_host_refuses(words: list[str], fault: str, key: Path) -> None:
    assert fault in fault_of(run("issue", "--key", key, *words))


def test_show_spells_times_for_people(key: Path) -> None:
    lines = run("show", text=issued(key)).output.splitlines()

    assert "groups       dev" in lines
    assert any(line.startswith("exp          20") and line.endswith("Z") for line in lines)


def test_a_token_that_a_host_would_refuse_is_refused_with_its_code(key: Path, policy: Path) -> None:
    long = verify(issued(key), policy, "--json")

    assert long.exit_code == 1
    assert json.loads(long.output) == {"accepted": False, "code": "token-untrusted"}
    other = run("verify", "--schemas", policy, "--for", "db", text=issued(key, "--lifetime", "1h"))
    assert other.exit_code == 1
    assert other.stdout.startswith("token-untrusted: ")


@pytest.mark.parametrize(
    ("site", "more", "why"),
    [
        ({"token-issuers": []}, [], "It is from portero, and token-issuers in site.json has none -> list its issuer"),
        ({}, ["--for", "db"], "It is for hosts of db, these are of web -> name its group with --for"),
        ({}, ["--lifetime", "2h"], "It lives 7200 seconds, and lifetime allows portero 3600 -> issue a shorter one"),
        ({"claims": {"team": ["a"]}}, [], "Its claim team is none of a (claims of portero) -> let another token be"),
        ({"keys": "other.pem"}, [], "None of the keys that site.json names for portero signed it -> put the key"),
    ],
)
def test_verify_says_what_is_not_trusted(
    key: Path, policy: Path, tmp_path: Path, site: dict[str, Any], more: list[str], why: str
) -> None:
    assert portero("keygen", tmp_path / "other").exit_code == 0
    (policy / "keys/other.pem").write_bytes((tmp_path / "other.pub").read_bytes())
    issuer = {"issuer": "portero", "keys": "own.pem", "lifetime": 3600} | site
    written = site if "token-issuers" in site else {"token-issuers": [issuer]}
    (policy / "site.json").write_text(json.dumps(written))

    result = verify(issued(key, "--lifetime", "45m", *more), policy)

    assert (result.exit_code, result.stdout.startswith(f"token-untrusted: {why}")) == (1, True), result.stdout


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "eyJhbGciOiJFZERTQSJ9.bm8.c2VjcmV0c2VjcmV0"])
def test_what_is_no_token_is_not_repeated(policy: Path, text: str) -> None:
    shown, verified = run("show", text=text), verify(text, policy)

    assert (shown.exit_code, verified.exit_code) == (2, 1)
    assert "c2VjcmV0" not in shown.output + shown.stderr + verified.output


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        (["--lifetime", "soon"], "--lifetime: soon: write a number with s, m, h or d"),
        (["--user", "alicia\nroot"], "write one line of plain text"),
        (["--group", ""], "write one line of plain text"),
        (["--key", "/nowhere/key"], "/nowhere/key: No such file or directory"),
    ],
)
def test_a_wrong_option_ends_with_one_sentence(key: Path, more: list[str], fault: str) -> None:
    words = ("issue", "--key", key, "--for", "web", "--user", "alicia", *more)
    (sentence,) = fault_of(run(*words)).splitlines()

    assert fault in sentence


def test_keys_of_an_issuer_are_fetched_into_a_file(tmp_path: Path) -> None:
    text = key_set(entry("ES256", kid="1"), entry("RS256", use="enc"))
    output = tmp_path / "login.jwks"

    with serve_keys(tmp_path, {"/keys": text}) as server:
        result = run("keys", f"{server.url}/keys", "--ca", server.ca, "--output", output)

    assert result.output == f"{output}: 1 keys that verify tokens\n"
    assert output.read_bytes() == text


def test_a_file_that_cannot_be_written_ends_with_one_sentence(tmp_path: Path) -> None:
    with serve_keys(tmp_path, {"/keys": key_set(entry("ES256"))}) as server:
        result = run("keys", f"{server.url}/keys", "--ca", server.ca, "--output", tmp_path / "no/such/file")

    assert result.exit_code == 2
    assert "name a file that can be written" in result.stderr


def test_tokens_are_not_taken_from_arguments(key: Path) -> None:
    result: Any = run("show", issued(key))

    assert result.exit_code == 2
