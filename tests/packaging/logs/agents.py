"""The shipped configurations of agents that are not in Debian, run at a receiver over HTTPS: make agents, not CI."""

import shutil
import sys
import time

import pytest

from tests.waiting import soon

from .conftest import Host
from .rsyslog import SHIPPED, Program, change, needs_logrotate


@pytest.fixture(params=["fluent-bit", "vector"])
def agent(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not in Debian: put its program on the PATH")
    return name


def receiving(host: Host, name: str = "localhost") -> Program:
    words = [sys.executable, "-m", "tests.packaging.logs.https_receiver", str(host.port)]
    return Program(host.folder / "receiver", [*words, host.certificates / name, host.folder / "hosts"])


def sending(host: Host, agent: str) -> Program:
    places = {
        "logs.example.com": "localhost",
        "8443": str(host.port),
        "/etc/portero/logs": str(host.certificates),
        f"/var/lib/{agent}": str(host.folder / "work"),
        "/var/log/portero": str(host.log.parent),
    }
    file = host.folder / f"{agent}.yaml"
    file.write_text(change((SHIPPED / file.name).read_text(), places))
    (host.folder / "work").mkdir()
    return Program(host.folder / "sender", [agent, "--config", file])


def test_no_line_is_lost_when_the_receiver_is_killed_and_comes_back(host: Host, agent: str) -> None:
    with receiving(host) as receiver, sending(host, agent):
        host.survive_killed(receiver)


@needs_logrotate
def test_no_line_is_lost_while_the_log_is_rotated_and_the_agent_is_stopped(host: Host, agent: str) -> None:
    with receiving(host), sending(host, agent) as sender:
        host.survive_rotations(sender)


def test_no_line_is_lost_when_the_agent_ends_while_the_receiver_is_away(host: Host, agent: str) -> None:
    with sending(host, agent) as sender:
        host.write_through_ends(sender)
        with receiving(host):
            assert soon(host.has_all)


def test_a_receiver_of_another_name_gets_nothing(host: Host, agent: str) -> None:
    host.write(10)
    with sending(host, agent):
        with receiving(host, "logs.example.com"):
            time.sleep(10)
        assert host.ids() == []
        with receiving(host):
            assert soon(host.has_all)
