"""Whoever receives the log or its traces can go away: no decision changes, every line is in the file, none is lost."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("opentelemetry.sdk", reason="needs portero[otel]")

from tests.forwarding.otlp import OtlpReceiver
from tests.forwarding.receiver import Receiver
from tests.paths import ROOT
from tests.server.commands import ask, create, serve
from tests.server.running import Server, started
from tests.service.journald import journald, needs_journald
from tests.waiting import soon

READ = b'{"RequestMethod": "GET", "RequestUri": "/v1.45/containers/json"}'


@dataclass
class Away:
    """A receiver: the agent's settings for it, how it is killed and started again, and what it has."""

    settings: dict[str, str]
    kill: Callable[[], None]
    start: Callable[[], None]
    text: Callable[[], str]


@contextmanager
def of_syslog() -> Iterator[Away]:
    receiver = Receiver()
    to = {"PORTERO_FORWARD": f"syslog+tcp://127.0.0.1:{receiver.port}"}
    yield Away(to, receiver.kill, receiver.start, lambda: b"\n".join(receiver.messages).decode())
    receiver.kill()


@contextmanager
def of_journald() -> Iterator[Away]:
    with journald() as journal:
        to = {"PORTERO_FORWARD": f"syslog+unix://{Path(journal.socket).with_name('dev-log')}"}
        words = [*journal.enter, "journalctl", "-q", "-o", "cat"]
        yield Away(
            to,
            journal.kill,
            journal.start,
            lambda: subprocess.run(words, capture_output=True, text=True, check=False, timeout=60).stdout,
        )


@contextmanager
def of_traces() -> Iterator[Away]:
    receiver = OtlpReceiver()
    yield Away({"PORTERO_TRACES": receiver.url}, receiver.kill, receiver.start, lambda: str(receiver.spans))
    receiver.kill()


@contextmanager
def agent(folder: Path, settings: dict[str, str]) -> Iterator[None]:
    own = {"PORTERO_LOG": str(folder / "decisions.jsonl"), "PORTERO_FORWARD_STATE": str(folder / "forward.json")}
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "plugin"), **own, **settings}
    process = subprocess.Popen([sys.executable, "-m", "portero", "agent"], env=environ, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def answers(server: Server) -> list[bool]:
    return [bool(ask(server, request)["Allow"]) for request in (create(), create(Privileged=True), READ)]


def has_all(away: Away, folder: Path) -> bool:
    text = away.text()
    return all(id in text for id in ids(folder))


def ids(folder: Path) -> list[str]:
    return [json.loads(line)["id"] for line in (folder / "decisions.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    "receiver",
    [of_syslog, pytest.param(of_journald, marks=needs_journald), of_traces],
    ids=["syslog", "journald", "traces"],
)
def test_a_killed_receiver_changes_no_decision_and_misses_none(
    tmp_path: Path, receiver: Callable[[], AbstractContextManager[Away]]
) -> None:
    with (
        receiver() as away,
        started(serve(tmp_path, "--profile", "baseline"), tmp_path / "portero.sock") as server,
        agent(tmp_path, away.settings),
    ):
        before = answers(server)
        assert soon(lambda: has_all(away, tmp_path))
        away.kill()
        meanwhile = [answers(server) for _ in range(3)]
        away.start()
        assert soon(lambda: has_all(away, tmp_path))

    assert before == [True, False, True]
    assert meanwhile == [before] * 3
    assert len(ids(tmp_path)) == 12
