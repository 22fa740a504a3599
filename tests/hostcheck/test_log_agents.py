"""The log agents that take the decision log off a host."""

import os
import shutil
from pathlib import Path

import pytest

from portero.hostcheck.log_agents import NONE, find_agent
from tests.hostcheck.host_tree import Host
from tests.paths import ROOT

LOG = "/var/log/portero/decisions.jsonl"
SHIPPED = {name: (ROOT / "packaging" / "logs" / name).read_text() for name in os.listdir(ROOT / "packaging" / "logs")}
AGENTS = [
    ("rsyslogd", "/etc/rsyslog.d/portero.conf", "rsyslog.conf"),
    ("vector", "/etc/vector/vector.yaml", "vector.yaml"),
    ("fluent-bit", "/etc/fluent-bit/fluent-bit.yaml", "fluent-bit.yaml"),
]


def run(host: Host, program: str, pid: int = 77) -> None:
    host.write(f"/proc/{pid}/cmdline", f"/usr/sbin/{program}\0-n\0")
    host.write(f"/proc/{pid}/status", f"Uid:\t0\t0\t0\t0\nNSpid:\t{pid}\n")


@pytest.mark.parametrize(("program", "path", "shipped"), AGENTS)
def test_what_is_shipped_takes_the_log_off_the_host_while_the_agent_runs(
    host: Host, program: str, path: str, shipped: str
) -> None:
    host.write("/proc/1/cmdline", "/sbin/init\0")
    host.write(path, SHIPPED[shipped])
    assert find_agent(host.files, LOG) == NONE

    run(host, program)
    assert find_agent(host.files, LOG) == program
    assert find_agent(host.files, "/var/log/other.jsonl") == NONE


@pytest.mark.parametrize("log", ["journald", "-"])
def test_a_log_in_the_journal_is_taken_from_there(host: Host, log: str) -> None:
    run(host, "rsyslogd")
    host.write("/etc/rsyslog.d/portero.conf", SHIPPED["rsyslog.conf"])
    assert find_agent(host.files, log) == NONE

    host.write("/etc/rsyslog.d/portero.conf", SHIPPED["rsyslog-journal.conf"])
    assert find_agent(host.files, log) == "rsyslogd"
    assert find_agent(host.files, LOG) == NONE


@pytest.mark.parametrize(
    ("program", "path", "text"),
    [
        ("vector", "/etc/vector/a.yaml", "sources: {a: {type: journald}}\nsinks:\n  b:\n    type: http\n"),
        ("fluent-bit", "/etc/fluent-bit/fluent-bit.conf", "[INPUT]\n Name systemd\n[OUTPUT]\n Name forward\n"),
        ("systemd-journal-upload", "/etc/systemd/journal-upload.conf", "[Upload]\nURL=https://logs.example.com\n"),
    ],
)
def test_so_do_others_that_read_the_journal(host: Host, program: str, path: str, text: str) -> None:
    run(host, program)
    host.write(path, text)

    assert find_agent(host.files, "journald") == program


@pytest.mark.parametrize(
    ("program", "path", "text"),
    [
        ("rsyslogd", "/etc/rsyslog.d/a.conf", f'input(type="imfile" file="{LOG}")\naction(type="omfile" file="/x")'),
        ("rsyslogd", "/etc/rsyslog.d/a.conf", f'input(type="imfile" file="{LOG}")\n# action(type="omfwd" target="x")'),
        ("rsyslogd", "/etc/rsyslog.d/a.conf", '*.* @@logs.example.com\ninput(type="imfile" file="/var/log/other")'),
        ("rsyslogd", "/etc/rsyslog.d/a.conf.off", SHIPPED["rsyslog.conf"]),
        ("vector", "/etc/vector/a.yaml", f"sources: {{a: {{include: [{LOG}]}}}}\nsinks:\n  b:\n    type: console\n"),
        ("fluent-bit", "/etc/fluent-bit/a.conf", f"[INPUT]\n Name tail\n Path {LOG}\n[OUTPUT]\n Name stdout\n"),
    ],
)
def test_what_does_not_read_or_does_not_send_is_none(host: Host, program: str, path: str, text: str) -> None:
    run(host, program)
    host.write(path, text)

    assert find_agent(host.files, LOG) == NONE


@pytest.mark.parametrize("text", ['{file="/var/log/portero/*.jsonl"}\n*.* @@logs', f'file="{LOG}"\nauth.info @logs'])
def test_a_pattern_and_the_older_way_to_write_it_count(host: Host, text: str) -> None:
    run(host, "rsyslogd")
    host.write("/etc/rsyslog.d/a.conf", text)

    assert find_agent(host.files, LOG) == "rsyslogd"


def test_an_agent_in_a_container_does_not_count(host: Host) -> None:
    run(host, "rsyslogd")
    host.write("/proc/77/status", "Uid:\t0\t0\t0\t0\nNSpid:\t77\t1\n")
    host.write("/etc/rsyslog.d/portero.conf", SHIPPED["rsyslog.conf"])

    assert find_agent(host.files, LOG) == NONE


def test_a_configuration_that_cannot_be_read_is_not_none(host: Host) -> None:
    run(host, "rsyslogd")
    host.write("/etc/rsyslog.d/portero.conf", "x" * (1 << 20) + "x")

    with pytest.raises(OSError, match="longer"):
        find_agent(host.files, LOG)


def test_without_processes_nothing_is_known(host: Host) -> None:
    host.write("/etc/rsyslog.d/portero.conf", SHIPPED["rsyslog.conf"])
    shutil.rmtree(host.at("/proc"), ignore_errors=True)
    Path(host.at("/proc")).mkdir(parents=True)

    with pytest.raises(OSError, match="no process"):
        find_agent(host.files, LOG)
