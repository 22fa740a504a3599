"""Whoever receives the log can go away: no decision changes, every line is in the file, and none is missed."""

import json
from pathlib import Path

from tests.serve.server.commands import ask, create, serve
from tests.serve.server.running import Server, started
from tests.waiting import soon

from .rsyslog import Rsyslog, collected, collecting, free_port, make_certificates, needs_rsyslog, sending

READ = b'{"RequestMethod": "GET", "RequestUri": "/v1.45/containers/json"}'


def answers(server: Server) -> list[bool]:
    return [bool(ask(server, request)["Allow"]) for request in (create(), create(Privileged=True), READ)]


def ids(folder: Path) -> list[str]:
    return [json.loads(line)["id"] for line in (folder / "decisions.jsonl").read_text().splitlines()]


@needs_rsyslog
def test_a_killed_receiver_changes_no_decision_and_misses_none(tmp_path: Path) -> None:
    port, certificates = free_port(), make_certificates(tmp_path / "certificates")

    def has_all() -> bool:
        return {*ids(tmp_path)} <= {line["id"] for line in collected(tmp_path / "hosts")}

    with (
        Rsyslog(tmp_path / "collector", collecting(tmp_path / "hosts", port, certificates)) as collector,
        started(serve(tmp_path, "--profile", "baseline"), tmp_path / "portero.sock") as server,
        Rsyslog(tmp_path / "sender", sending("rsyslog.conf", tmp_path, port, certificates)),
    ):
        before = answers(server)
        assert soon(has_all)
        collector.kill()
        meanwhile = [answers(server) for _ in range(3)]
        collector.start()
        assert soon(has_all)

    assert before == [True, False, True]
    assert meanwhile == [before] * 3
    assert len(ids(tmp_path)) == 12
