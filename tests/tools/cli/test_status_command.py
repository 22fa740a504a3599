"""`portero status`: what the plugin that runs reports, as a table or JSON, and what it needs of a person."""

import errno
import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from portero.tools.hostcheck import door_units
from portero.tools.hostcheck.door_units import UnitsFail
from portero.tools.hostcheck.probe import Guarded
from tests.failing import fail_with
from tests.tools.cli.running import fault_of, portero
from tests.unix_server import responding

COMMAND = "portero.tools.cli.status_command"
QUIET: dict[str, Any] = {"attention": [], "profile": "hardened", "exceptions": [], "decisions": {"allowed": 7}}


def answering(socket: Path, status: int, text: str) -> AbstractContextManager[None]:
    return responding(socket, lambda page: page.reply(text.encode(), status))


@pytest.fixture
def status(tmp_path: Path) -> Callable[..., Result]:
    socket = tmp_path / "portero.sock"

    def ask(text: str, *options: str, status: int = 200) -> Result:
        with answering(socket, status, text):
            return portero("status", "--socket", socket, *options)

    return ask


def test_a_plugin_that_needs_nothing_is_exit_status_0(status: Callable[..., Result]) -> None:
    result = status(json.dumps(QUIET), "--all")

    rows = {"attention": "none", "profile": "hardened", "exceptions": "none", "decisions": "allowed 7"}
    assert result.exit_code == 0
    assert result.output.splitlines() == [f"{name:12}{value}" for name, value in rows.items()]


def test_it_says_first_what_an_operator_asks(status: Callable[..., Result]) -> None:
    report = QUIET | {
        "mode": "enforce",
        "auditProfile": "restricted",
        "rules": 202,
        "policyLoaded": "2026-12-01T08:00:00.000Z",
        "policyFolders": ["/opt/portero/schemas", "/etc/portero/policy"],
        "signedFolders": {},
        "decisions": {"allowed": 7, "refused": 1},
        "threads": 2,
    }

    assert status(json.dumps(report)).output.splitlines() == [
        "attention  none",
        "mode       enforce",
        "profile    hardened, and restricted is reported",
        "policy     rules 202, exceptions 0, loaded 2026-12-01T08:00:00.000Z",
        "folders    /opt/portero/schemas",
        "           /etc/portero/policy",
        "decisions  allowed 7, refused 1",
        "more       portero status --all",
    ]


def test_json_is_what_the_plugin_reports(status: Callable[..., Result]) -> None:
    assert json.loads(status(json.dumps(QUIET), "--json").output) == QUIET


RUNS = "doors users: 3 connections, 0 refused, 1 open"


@pytest.mark.parametrize(
    ("said", "row", "attention"),
    [
        ((RUNS, True), RUNS, []),
        (("portero-door.service is failed", False), "portero-door.service is failed", ["only root reaches dockerd"]),
        (("", True), None, []),
        (UnitsFail("systemctl: not found"), "unknown: systemctl: not found", []),
    ],
)
def test_doors_before_dockerd_say_how_they_go(
    status: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Any, row: Any, attention: Any
) -> None:
    def describe() -> tuple[str, bool]:
        if isinstance(said, UnitsFail):
            raise said
        return said  # type: ignore[no-any-return]

    monkeypatch.setattr(door_units, "DOCKERD_SOCKET", str(tmp_path))
    monkeypatch.setattr(door_units, "describe_doors", describe)

    report = json.loads(status(json.dumps(QUIET), "--json").stdout)

    assert report.get("doors") == row
    assert len(report["attention"]) == len(attention)
    assert all(words in line for words, line in zip(attention, report["attention"], strict=True))


def test_what_needs_attention_is_exit_status_1_with_a_line_each(status: Callable[..., Result]) -> None:
    result = status(json.dumps(QUIET | {"attention": ["first", "second"]}))

    assert result.exit_code == 1
    assert result.output.splitlines()[:2] == ["attention  first", "           second"]


@pytest.mark.parametrize(("text", "code"), [("no JSON", 200), ("{}", 200), (json.dumps(QUIET), 404)])
def test_what_is_no_status_of_portero_is_exit_status_2(status: Callable[..., Result], text: str, code: int) -> None:
    result = status(text, status=code)

    assert (result.exit_code, result.stdout) == (2, "")


def test_a_socket_without_a_listener_is_named_from_where_the_command_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    fault = fault_of(portero("status", "--socket", "none.sock"))

    assert fault.startswith(f"portero: {tmp_path}/none.sock: no status (No such file or directory)")


def test_what_is_no_socket_is_called_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (tmp_path / "file").write_text("")
    folder = fault_of(portero("status", "--socket", tmp_path))
    file = fault_of(portero("status", "--socket", tmp_path / "file"))

    why = "no status (it is a folder, not a socket); name the socket in it, such as"
    assert folder == f"portero: {tmp_path}: {why} {tmp_path}/portero.sock\n"
    cure = "start `portero serve`, or name its socket"
    assert file == f"portero: {tmp_path}/file: no status (it is a file, not a socket); {cure}\n"


def test_a_user_is_told_that_root_may_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    missing = portero("status", "--socket", tmp_path / "none.sock")
    monkeypatch.setattr(f"{COMMAND}.ask_status", fail_with(errno.EACCES))
    closed = portero("status", "--socket", tmp_path / "none.sock")

    assert missing.stderr.endswith("; start `portero serve`, or name its socket, or run it as root\n")
    assert closed.stderr.endswith(": no status (Permission denied); run it as root\n")


def test_a_socket_that_systemd_holds_for_a_portero_that_does_not_start_is_told_from_another_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{COMMAND}.ask_status", keep_waiting)

    silent = portero("status", "--socket", tmp_path / "portero.sock")

    assert silent.stderr.endswith(
        ": no status (nothing answers); systemctl status portero and journalctl -u portero say why\n"
    )


def keep_waiting(socket: Path) -> None:
    raise TimeoutError("timed out")


def test_who_reaches_dockerd_past_its_plugins_is_a_warning_more(
    status: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{COMMAND}.warn_of_unasked_users", lambda *_: ["gRPC"])

    result = status(json.dumps(QUIET | {"warnings": ["first"]}))

    assert result.exit_code == 0
    assert result.output.splitlines()[1:3] == ["warnings   first", "           gRPC"]


@pytest.mark.parametrize(("why_not", "exit_code"), [("", 0), ("dockerd answers without asking portero; reload it", 1)])
def test_whether_dockerd_asks_is_proved_when_it_is_expected(
    status: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, why_not: str, exit_code: int
) -> None:
    monkeypatch.setattr(f"{COMMAND}.prove_guarded", lambda *_: Guarded("/run/docker.sock", why_not))

    result = status(json.dumps(QUIET), "--expect-guarded", "--json")

    told = json.loads(result.output)
    assert result.exit_code == exit_code
    assert (told["attention"], told["guarded"]) == (
        ([why_not], "no") if why_not else ([], "yes: dockerd at /run/docker.sock asks")
    )


@pytest.mark.parametrize(("profile", "exit_code"), [("restricted", 1), ("hardened", 0)])
def test_builds_that_nobody_is_asked_about_need_attention_where_they_are_denied(
    status: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, profile: str, exit_code: int
) -> None:
    monkeypatch.setattr(f"{COMMAND}.prove_guarded", lambda *_: Guarded("/run/docker.sock", ""))
    warning = "dockerd 29.7.2 answers gRPC; portero host says more (grpc-asks-plugins)"
    monkeypatch.setattr(f"{COMMAND}.warn_of_unasked_users", lambda *_: ["past its doors", warning])

    result = status(json.dumps(QUIET | {"profile": profile}), "--expect-guarded", "--json")

    assert result.exit_code == exit_code
    assert json.loads(result.output)["attention"] == ([warning] if exit_code else [])
