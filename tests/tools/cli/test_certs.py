"""`portero certs`: folders for daemons and users, whose keys only their owners read, and what to do with them."""

import errno
import json
import os
from functools import partial
from pathlib import Path

import pytest

from tests.failing import fail_with
from tests.tools.cli.running import fault_of, portero

run = partial(portero, "certs")
OF_ONE = {"ca.pem": 0o644, "cert.pem": 0o644, "key.pem": 0o600}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert run("ca", tmp_path / "tls").exit_code == 0
    return tmp_path / "tls"


def modes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir() if file.is_file()}


def test_an_authority_keeps_its_key_to_itself(folder: Path) -> None:
    assert modes(folder) == {"ca.pem": 0o644, "ca-key.pem": 0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_server_gets_a_folder_and_the_lines_of_daemon_json(folder: Path) -> None:
    result = run("server", folder, "--host", "docker.example.com", "--host", "192.0.2.7")

    assert result.exit_code == 0
    assert result.output.startswith(f"{folder}/docker.example.com: for docker.example.com, 192.0.2.7, valid until 20")
    lines = [line for line in result.output.splitlines() if line.startswith('  "')]
    assert json.loads("{" + "".join(lines) + "}")["tlsverify"] is True
    assert modes(folder / "docker.example.com") == OF_ONE


def test_a_client_gets_a_folder_for_docker_cert_path(folder: Path) -> None:
    result = run("client", folder, "--user", "alicia", "--group", "dev", "--group", "ops")

    assert result.output.startswith(f"{folder}/alicia: for alicia in dev, ops, valid until 20")
    assert f"  export DOCKER_CERT_PATH={folder}/alicia\n" in result.output
    assert modes(folder / "alicia") == OF_ONE


def test_no_key_is_written_over_and_a_certificate_is_renewed(folder: Path) -> None:
    run("client", folder, "--user", "alicia")
    before = {name: (folder / "alicia" / name).read_bytes() for name in ("cert.pem", "key.pem")}

    again, authority = run("client", folder, "--user", "alicia"), run("ca", folder)
    renewed = run("renew", folder / "alicia", "--days", 9)

    assert (again.exit_code, authority.exit_code, renewed.exit_code) == (2, 2, 0)
    assert "renew it with `portero certs renew`" in again.stderr
    assert (folder / "alicia/key.pem").read_bytes() == before["key.pem"]
    assert (folder / "alicia/cert.pem").read_bytes() != before["cert.pem"]


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["client", "{}", "--user", "../alicia"], "letters, digits"),
        (["client", "{}", "--user", "alicia\n"], "one line of plain text"),
        (["client", "{}", "--user", "alicia", "--group", ""], "one line of plain text"),
        (["server", "{}", "--host", "../x"], "write names such as docker.example.com"),
        (["client", "{}", "--user", "alicia", "--days", "3000"], "ends before 3000 days are over"),
        (["client", "{}/none", "--user", "alicia"], "make an authority with `portero certs ca"),
        (["renew", "{}/none"], "No such file or directory"),
        (["renew", "{}/odd"], "is no certificate of this authority"),
    ],
)
def test_what_cannot_be_made_is_one_sentence(folder: Path, arguments: list[str], fault: str) -> None:
    (folder / "odd").mkdir()
    (folder / "odd/cert.pem").write_text("x")

    (sentence,) = fault_of(run(*(argument.format(folder) for argument in arguments))).splitlines()

    assert fault in sentence


def test_a_folder_that_cannot_be_made_is_not_one_to_renew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "mkdir", fail_with(errno.EACCES))

    assert fault_of(portero("certs", "ca", tmp_path / "ca")) == (
        f"portero: {tmp_path}/ca: Permission denied; name another folder\n"
    )
