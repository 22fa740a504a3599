"""Portero's own installation: who may change it, who may read its log, and whether its unit is in force."""

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from portero.observe.files.chroot import Files
from portero.tools.hostcheck import installation
from portero.tools.hostcheck.installation import NONE, find_agent
from tests.paths import ROOT
from tests.tools.hostcheck.answering_dockerd import Dockerd
from tests.tools.hostcheck.host_tree import Host, ThisSystem

PACKAGE = "/opt/portero/lib/python3/site-packages/portero"
LOG = "/var/log/portero/decisions.jsonl"
UNIT = "/etc/systemd/system/portero.service"
SHOWN = "ActiveState={state}\nNeedDaemonReload={reload}\nActiveEnterTimestamp=@{started:.0f}\n"


@pytest.fixture
def installed(host: Host, dockerd: Dockerd) -> Host:
    """A host with an installation, and the Portero that runs from it."""
    host.root.chmod(0o755)
    host.write("/opt/portero/pyvenv.cfg", "")
    host.write("/opt/portero/bin/portero", "", 0o755)
    host.write(f"{PACKAGE}/schemas/site.json", "{}")
    host.write("/etc/portero/site/site.json", "{}")
    host.write(UNIT, "[Service]\n")
    host.write(LOG, "", 0o600)
    schemas = [f"{PACKAGE}/schemas", "/etc/portero/site"]
    dockerd.says("GET /status", 200, {"attention": [], "policyFolders": schemas, "log": LOG})
    return host


def facts(host: Host, dockerd: Dockerd, shown: str = "") -> dict[str, Any]:
    found: Any = installation.collect_facts(host.files, Path(dockerd.address), lambda command: shown)
    return {name: fact["value"] for name, fact in found.items()}


@pytest.mark.parametrize(
    "path",
    ["/opt/portero/bin/portero", f"{PACKAGE}/schemas", "/etc/portero/site/site.json", "/opt", UNIT],
)
def test_what_others_can_change_is_named(installed: Host, dockerd: Dockerd, path: str) -> None:
    found = facts(installed, dockerd)
    assert (found["writable"], found["logsPrivate"]) == ([], True)
    installed.at(path).chmod(0o777)

    assert facts(installed, dockerd)["writable"] == [f"{path} (mode 0777)"]


@pytest.mark.parametrize(
    ("link", "target", "open_to_all"),
    [
        ("/etc/portero/site/site.json", "/srv/conf/site.json", "/srv/conf/site.json"),
        ("/etc/portero/site/site.json", "/srv/conf/site.json", "/srv/conf"),
        ("/etc/portero/site/rules", "/srv/conf/rules", "/srv/conf/rules/topic/one.json"),
        ("/etc/portero/site/rules", "/srv/conf/rules", "/srv"),
        ("/etc/portero/site/exceptions", "/srv/conf/exceptions", "/srv/conf"),  # leads nowhere yet
        ("/etc/portero/site", "/srv/conf/site", "/srv/conf"),
        ("/opt/portero/bin/python", "/opt/python/bin/python3", "/opt/python"),
    ],
)
def test_what_a_link_leads_to_counts_as_what_lies_there(
    installed: Host, dockerd: Dockerd, link: str, target: str, open_to_all: str
) -> None:
    installed.write("/srv/conf/site.json", "{}")
    installed.write("/srv/conf/rules/topic/one.json", "{}")
    installed.write("/srv/conf/site/site.json", "{}")
    installed.write("/opt/python/bin/python3", "", 0o755)
    if link == "/etc/portero/site":
        installed.at("/etc/portero/site/site.json").unlink()
        installed.at("/etc/portero/site").rmdir()
    installed.at(link).unlink(missing_ok=True)
    installed.at(link).symlink_to(target)
    assert facts(installed, dockerd)["writable"] == []
    installed.at(open_to_all).chmod(0o777)

    assert facts(installed, dockerd)["writable"] == [f"{open_to_all} (mode 0777)"]


def test_links_in_a_circle_end(installed: Host, dockerd: Dockerd) -> None:
    installed.at("/etc/portero/site/rules").symlink_to("/etc/portero/site")

    assert facts(installed, dockerd)["writable"] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_so_is_what_belongs_to_somebody_else(installed: Host, dockerd: Dockerd) -> None:
    os.chown(installed.at("/etc/portero/site"), 1234, 0)

    assert facts(installed, dockerd)["writable"] == ["/etc/portero/site (owner 1234)"]


def test_a_log_that_others_can_read_is_not_private(installed: Host, dockerd: Dockerd) -> None:
    installed.at(LOG).chmod(0o644)
    assert facts(installed, dockerd)["logsPrivate"] is False

    installed.at("/var/log/portero").chmod(0o750)
    assert facts(installed, dockerd)["logsPrivate"] is True


def test_without_a_running_portero_or_of_a_managed_plugin_nothing_is_known(host: Host, dockerd: Dockerd) -> None:
    assert facts(host, dockerd)["writable"] == "unknown"

    dockerd.says("GET /status", 200, {"attention": [], "policyFolders": ["/usr/lib/inside/schemas"], "log": "-"})
    assert facts(host, dockerd)["writable"] == "unknown"


def unit(files: Files, shown: str = "") -> Any:
    found: Any = installation.collect_facts(files, Path("/nowhere"), lambda command: shown)
    return found["unit"]["value"]


@pytest.mark.parametrize(
    ("state", "reload", "age", "value"),
    [
        ("active", "no", -60, "in-force"),
        ("active", "yes", -60, "changed"),
        ("active", "no", 3600, "changed"),
        ("inactive", "no", 0, "inactive"),
    ],
)
def test_a_unit_is_in_force_when_nothing_changed_since_its_start(
    installed: Host, state: str, reload: str, age: float, value: str
) -> None:
    installed.at("/run/systemd/system").mkdir(parents=True)

    shown = SHOWN.format(state=state, reload=reload, started=time.time() - age)
    assert unit(ThisSystem(str(installed.root)), shown) == value


def test_without_systemd_there_is_no_unit_and_elsewhere_nothing_is_known(installed: Host) -> None:
    assert (unit(ThisSystem(str(installed.root))), unit(installed.files)) == ("none", "unknown")


SHIPPED = {file.name: file.read_text() for file in (ROOT / "packaging" / "logs").iterdir()}
RSYSLOG = "/etc/rsyslog.d/portero.conf"
AGENTS = [
    ("rsyslogd", RSYSLOG, "rsyslog.conf"),
    ("vector", "/etc/vector/vector.yaml", "vector.yaml"),
    ("fluent-bit", "/etc/fluent-bit/fluent-bit.yaml", "fluent-bit.yaml"),
]


def run(host: Host, program: str, path: str, text: str) -> None:
    """Let a log agent run that has a configuration file with this text."""
    host.write("/proc/77/cmdline", f"/usr/sbin/{program}\0-n\0")
    host.write("/proc/77/status", "Uid:\t0\t0\t0\t0\nNSpid:\t77\n")
    host.write(path, text)


@pytest.mark.parametrize(("program", "path", "shipped"), AGENTS)
def test_what_is_shipped_sends_the_log_while_the_agent_runs(host: Host, program: str, path: str, shipped: str) -> None:
    host.write("/proc/1/cmdline", "/sbin/init\0")
    host.write(path, SHIPPED[shipped])
    assert find_agent(host.files, LOG) == NONE

    run(host, program, path, SHIPPED[shipped])
    assert find_agent(host.files, LOG) == program
    assert find_agent(host.files, "/var/log/other.jsonl") == NONE


@pytest.mark.parametrize("log", ["journald", "-"])
def test_a_log_in_the_journal_is_taken_from_there(host: Host, log: str) -> None:
    run(host, "rsyslogd", RSYSLOG, SHIPPED["rsyslog.conf"])
    assert find_agent(host.files, log) == NONE

    host.write(RSYSLOG, SHIPPED["rsyslog-journal.conf"])
    assert find_agent(host.files, log) == "rsyslogd"
    assert find_agent(host.files, LOG) == NONE


JOURNAL_UPLOAD = "/etc/systemd/journal-upload.conf"


@pytest.mark.parametrize(
    ("log", "program", "path", "text"),
    [
        ("journald", "vector", "/etc/vector/a.yaml", "sources: {a: {type: journald}}\nsinks:\n  b:\n    type: http\n"),
        ("journald", "fluent-bit", "/etc/fluent-bit/a.conf", "[INPUT]\n Name systemd\n[OUTPUT]\n Name forward\n"),
        ("journald", "systemd-journal-upload", JOURNAL_UPLOAD, "[Upload]\nURL=https://l.example.com\n"),
        (LOG, "rsyslogd", RSYSLOG, '{file="/var/log/portero/*.jsonl"}\n*.* @@logs'),
        (LOG, "rsyslogd", RSYSLOG, f'file="{LOG}"\nauth.info @logs'),
    ],
    ids=["vector", "fluent-bit", "systemd-journal-upload", "a pattern of files", "the older way to write it"],
)
def test_an_agent_that_reads_and_sends_the_log_counts(host: Host, log: str, program: str, path: str, text: str) -> None:
    run(host, program, path, text)

    assert find_agent(host.files, log) == program


@pytest.mark.parametrize(
    ("program", "path", "text"),
    [
        ("rsyslogd", RSYSLOG, f'input(type="imfile" file="{LOG}")\naction(type="omfile" file="/x")'),
        ("rsyslogd", RSYSLOG, f'input(type="imfile" file="{LOG}")\n# action(type="omfwd" target="x")'),
        ("rsyslogd", RSYSLOG, '*.* @@logs.example.com\ninput(type="imfile" file="/var/log/other")'),
        ("rsyslogd", f"{RSYSLOG}.off", SHIPPED["rsyslog.conf"]),
        ("vector", "/etc/vector/a.yaml", f"sources: {{a: {{include: [{LOG}]}}}}\nsinks:\n  b:\n    type: console\n"),
        ("fluent-bit", "/etc/fluent-bit/a.conf", f"[INPUT]\n Name tail\n Path {LOG}\n[OUTPUT]\n Name stdout\n"),
    ],
)
def test_what_does_not_read_or_does_not_send_is_none(host: Host, program: str, path: str, text: str) -> None:
    run(host, program, path, text)

    assert find_agent(host.files, LOG) == NONE


def test_an_agent_in_a_container_does_not_count_and_without_processes_nothing_is_known(host: Host) -> None:
    run(host, "rsyslogd", RSYSLOG, SHIPPED["rsyslog.conf"])
    host.write("/proc/77/status", "Uid:\t0\t0\t0\t0\nNSpid:\t77\t1\n")
    assert find_agent(host.files, LOG) == NONE

    shutil.rmtree(host.at("/proc"))
    host.at("/proc").mkdir()

    with pytest.raises(OSError, match="no process"):
        find_agent(host.files, LOG)


def test_a_configuration_that_cannot_be_read_is_not_none(host: Host) -> None:
    run(host, "rsyslogd", RSYSLOG, "x" * (1 << 20) + "x")

    with pytest.raises(OSError, match="has more than"):
        find_agent(host.files, LOG)
