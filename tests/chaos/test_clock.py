"""The clock jumps: exceptions go by the date, and nothing that lasts goes by it."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.serve.application.test_application import site_with_exception
from tests.serve.server.commands import ask, create, serve
from tests.serve.server.running import Server, started
from tests.waiting import soon

from .clock import YEAR, Clock

# A change is loaded within two seconds (docs/policy-folders.md); this machine may be busy.
WITHIN = 10.0


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


@pytest.fixture
def server(tmp_path: Path, clock: Clock) -> Iterator[Server]:
    expires = datetime.now(UTC).date() + timedelta(days=30)
    site = site_with_exception(tmp_path, expires=expires.isoformat())
    (tmp_path / "site" / "site.json").write_text("{}")
    command = serve(tmp_path, "--schemas", site, "--profile", "baseline")
    with started(command, tmp_path / "portero.sock", **clock.environ(str(ROOT / "plugin"))) as running:
        yield running


def log(server: Server) -> list[dict[str, str]]:
    lines = server.socket.with_name("decisions.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_an_exception_waives_by_the_date_of_the_request(server: Server, clock: Clock) -> None:
    found = []
    for step in (0.0, YEAR, 0.0, -YEAR):
        clock.step(step)
        found.append(ask(server, create(Privileged=True))["Allow"])

    assert found == [True, False, True, True]
    years = [datetime.fromisoformat(line["time"]).year for line in log(server)]
    assert years[1] - years[0] == 1
    assert years[3] - years[2] == -1


@pytest.mark.parametrize("step", [-10 * YEAR, 10 * YEAR])
def test_a_changed_policy_is_loaded_whatever_the_clock_says(server: Server, clock: Clock, step: float) -> None:
    clock.step(step)
    asked = create(PidMode="host")
    assert not ask(server, asked)["Allow"]
    server.socket.with_name("site").joinpath("site.json").write_text('{"actions": {"no-host-pid": "off"}}')

    assert soon(lambda: ask(server, asked)["Allow"], WITHIN)


@pytest.mark.parametrize("step", [-10 * YEAR, 10 * YEAR])
def test_connections_processes_and_the_rotated_log_outlive_a_jump(server: Server, clock: Clock, step: float) -> None:
    workers = server.workers()
    connection = server.connection()
    connection.ask("POST", "/AuthZPlugin.AuthZReq", create())
    file = server.socket.with_name("decisions.jsonl")
    clock.step(step)
    file.rename(file.with_suffix(".1"))
    # gunicorn's arbiter looks after its decider each second.
    time.sleep(2.5)

    status, answer = connection.ask("POST", "/AuthZPlugin.AuthZReq", create())

    connection.close()
    assert (status, answer["Allow"]) == (200, True)
    assert len(log(server)) == 1
    assert server.workers() == workers
    assert server.ask("GET", "/status")[1]["logFailures"] == 0
    status, errors = server.stop()
    assert (status, [line for line in errors.splitlines() if "error" in line.lower()]) == (0, [])
