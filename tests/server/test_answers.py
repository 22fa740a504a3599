"""`portero serve` with the shipped policy: its answers, and `portero status` about it."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from portero import __version__
from tests.server.commands import ask, create, run, serve
from tests.server.running import Server, started


def _serve_baseline(folder: Path) -> Iterator[Server]:
    with started(serve(folder, "--profile", "baseline"), folder / "portero.sock") as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from _serve_baseline(tmp_path_factory.mktemp("serve"))


def test_a_harmless_container_is_allowed(server: Server) -> None:
    assert ask(server, create()) == {"Allow": True, "Msg": ""}


def test_a_privileged_container_is_denied_with_rule_and_place(server: Server) -> None:
    answer = ask(server, create(Privileged=True))

    assert answer["Allow"] is False
    assert "  no-privileged  HostConfig.Privileged: " in answer["Msg"]


def test_an_empty_request_is_denied(server: Server) -> None:
    # dockerd repeats a request without its body after a worker has died, and obeys the answer (docker-facts 3.6).
    answer = ask(server, b"")

    assert answer["Allow"] is False
    assert "envelope-empty" in answer["Msg"]


def test_a_request_over_the_limit_is_denied_with_its_code(server: Server) -> None:
    answer = ask(server, b"x" * ((8 << 20) + 1))

    assert answer["Allow"] is False
    assert "envelope-too-large" in answer["Msg"]


def test_a_body_of_four_mebibytes_is_judged(server: Server) -> None:
    body = {"Image": "busybox", "Labels": {"long": "x" * ((4 << 20) - 60)}, "HostConfig": {"Privileged": True}}
    data = json.dumps(body, separators=(",", ":")).encode()
    envelope = {
        "RequestMethod": "POST",
        "RequestUri": "/containers/create",
        "RequestHeaders": {"Content-Type": "application/json"},
        "RequestBody": base64.b64encode(data).decode(),
    }

    answer = ask(server, json.dumps(envelope).encode())

    assert answer["Allow"] is False
    assert "no-privileged" in answer["Msg"]


def test_every_answer_stands_in_the_decision_log(server: Server) -> None:
    answer = ask(server, create(Privileged=True))

    *_, last = (server.socket.parent / "decisions.jsonl").read_text().splitlines()
    line = json.loads(last)
    assert f"[{line['id']}]" in answer["Msg"]
    assert line["allowed"] is False


@pytest.fixture(scope="module")
def unasked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that was asked nothing yet: that no dockerd is behind a request needs attention."""
    yield from _serve_baseline(tmp_path_factory.mktemp("unasked"))


def test_status_asks_the_running_plugin(unasked: Server) -> None:
    told = run("status", "--socket", str(unasked.socket), "--json")

    report = json.loads(told.stdout)
    assert (told.returncode, told.stderr) == (0, "")
    assert (report["version"], report["profile"], report["mode"]) == (__version__, "baseline", "enforce")
    assert report["socket"] == str(unasked.socket)
    assert report["rules"] == sum(report["rulesByLevel"].values())


def test_status_for_people_is_a_table(unasked: Server) -> None:
    told = run("status", "--socket", str(unasked.socket))

    rows = dict(line.split(maxsplit=1) for line in told.stdout.splitlines())
    assert rows["profile"] == "baseline"
    assert rows["reloadFaults"] == "none"


def test_status_without_an_answer_is_could_not(tmp_path: Path) -> None:
    told = run("status", "--socket", str(tmp_path / "portero.sock"))

    assert told.returncode == 2
    assert "no status (No such file or directory); start `portero serve`, or name its socket" in told.stderr


def test_status_of_something_else_is_could_not(tmp_path: Path) -> None:
    path = tmp_path / "other.sock"
    with started(["-m", "stand_in", str(path)], path):
        told = run("status", "--socket", str(path))

    assert told.returncode == 2
    assert "the process that answers is not portero" in told.stderr
