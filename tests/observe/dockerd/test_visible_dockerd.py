"""Which process is this host's dockerd, and what it shows of itself."""

import errno
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from portero.observe.dockerd import visible_dockerd
from portero.observe.dockerd.visible_dockerd import VisibleDockerd
from portero.tools.hostcheck.daemon_settings import find_dockerd
from tests.failing import fail_with
from tests.tools.hostcheck.host_tree import Host


def test_without_a_process_of_that_name_there_is_none(host: Host) -> None:
    host.write("/proc/7/comm", "bash\n")

    assert find_dockerd(host.files) is None


@pytest.mark.parametrize("target", ["/proc", "/nowhere"], ids=["unreadable", "missing"])
def test_without_proc_no_dockerd_is_an_error_not_an_answer(tmp_path: Path, target: str) -> None:
    host = Host(tmp_path / "bare")
    host.link("/proc", target)

    with pytest.raises(OSError, match="/proc"):
        find_dockerd(host.files)


def test_a_process_that_cannot_be_read_for_lack_of_descriptors_is_an_error(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.open", fail_with(errno.EMFILE))

    with pytest.raises(OSError, match="Too many open files"):
        find_dockerd(host.files)


def test_the_pid_file_names_the_process(host: Host) -> None:
    host.write("/proc/7/comm", "dockerd\n")
    host.dockerd("--icc=false", environment="A=1\0B=x=y\0")

    process = find_dockerd(host.files)

    assert process is not None
    assert replace(process, started=None) == VisibleDockerd("42", ("--icc=false",), {"A": "1", "B": "x=y"}, 0)
    started = (process.started or 0) / os.sysconf("SC_CLK_TCK")
    assert started == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME) + 3600, abs=5)


def test_a_stale_pid_file_names_nobody(host: Host) -> None:
    host.write("/run/docker.pid", "7")
    host.write("/proc/7/comm", "bash\n")
    host.write("/proc/9/comm", "dockerd\n")

    process = find_dockerd(host.files)

    assert process is not None
    assert process.pid == "9"


def test_what_may_not_be_read_is_none(host: Host) -> None:
    host.write("/proc/9/comm", "dockerd\n")

    assert find_dockerd(host.files) == VisibleDockerd("9", None, None, None)


def test_a_dockerd_inside_a_container_is_not_this_hosts(host: Host) -> None:
    host.dockerd(status="Uid:\t0\t0\t0\t0\nNSpid:\t42\t1\n")

    assert find_dockerd(host.files) is None


def test_the_user_of_a_rootless_dockerd_is_seen(host: Host) -> None:
    host.dockerd(status="Uid:\t1000\t1000\t1000\t1000\nNSpid:\t42\n")

    process = find_dockerd(host.files)

    assert process is not None
    assert process.user == 1000


def test_an_ordinary_user_s_own_dockerd_goes_before_root_s(host: Host) -> None:
    host.dockerd(pid="9", status="Uid:\t1000\t1000\t1000\t1000\n")
    host.dockerd(pid="42")

    processes = [
        visible_dockerd.find_dockerd(host.at("/proc"), str(host.at("/run/docker.pid")), uid) for uid in (0, 1000, 1001)
    ]

    assert [process.pid for process in processes if process is not None] == ["42", "9", "42"]


def test_its_daemon_json_is_its_own_unless_the_settings_name_another(host: Host) -> None:
    host.dockerd(environment="ROOTLESSKIT_STATE_DIR=/run/x\0HOME=/home/alicia\0", status="Uid:\t1000\t1000\n")
    process = find_dockerd(host.files)

    assert process is not None
    assert process.find_config_file("/etc/docker/daemon.json") == "/home/alicia/.config/docker/daemon.json"
    assert process.find_config_file("/srv/daemon.json") == "/srv/daemon.json"
