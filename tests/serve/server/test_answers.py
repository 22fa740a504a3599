"""`portero serve` with the shipped policy: its answers, and `portero status` about it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from portero import __version__
from tests.serve.server.commands import ask, create, run, serve
from tests.serve.server.running import Server, started


def _serve_baseline(folder: Path) -> Iterator[Server]:
    with started(serve(folder, "--profile", "baseline"), folder / "portero.sock") as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from _serve_baseline(tmp_path_factory.mktemp("serve"))


def test_a_harmless_container_is_allowed(server: Server) -> None:
    assert ask(server, create()) == {"Allow": True, "Msg": ""}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (create(Privileged=True), "  no-privileged  HostConfig.Privileged: "),
        (create(Privileged=True, Annotations={"long": "x" * ((4 << 20) - 120)}), "no-privileged"),
        # dockerd repeats a request without its body after a worker has died, and obeys the answer (docker-facts 3.6).
        (b"", "envelope-empty"),
        (b"x" * ((8 << 20) + 1), "envelope-too-large"),
    ],
    ids=["privileged", "a body of four mebibytes", "empty", "over the limit"],
)
def test_what_is_denied_has_its_rule_or_code(server: Server, data: bytes, told: str) -> None:
    answer = ask(server, data)

    assert answer["Allow"] is False
    assert told in answer["Msg"]


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


def test_status_for_people_is_a_table(unasked: Server) -> None:
    told = run("status", "--socket", str(unasked.socket))

    rows = dict(line.split(maxsplit=1) for line in told.stdout.splitlines())
    assert rows["mode"] == "enforce"
    assert rows["profile"].split(",")[0] == "baseline"
    assert "faults" not in rows


def test_status_without_an_answer_of_portero_is_could_not(tmp_path: Path) -> None:
    path = tmp_path / "other.sock"
    before = run("status", "--socket", str(path))
    with started(["-m", "stand_in", str(path)], path):
        other = run("status", "--socket", str(path))

    assert (before.returncode, other.returncode) == (2, 2)
    assert "no status (No such file or directory); start `portero serve`, or name its socket" in before.stderr
    assert "the process that answers is not portero" in other.stderr
