"""nofile in limits.conf, in the unit and in the daemon's default-ulimits."""

from typing import Any

import pytest

from portero.hostcheck import file_limits
from portero.hostcheck.daemon_settings import find_dockerd
from tests.hostcheck.host_tree import DAEMON_JSON, Host


def limits(host: Host, place: str) -> tuple[Any, Any]:
    configured = host.configuration()
    facts: Any = file_limits.facts(host.files, configured, find_dockerd(host.files))
    return facts[place]["soft"]["value"], facts[place]["hard"]["value"]


def test_the_guides_own_lines_are_read(host: Host) -> None:
    host.write("/etc/security/limits.conf", "# limits\ndocker soft nofile 4096\ndocker hard nofile 10240\n")

    assert limits(host, "limitsConf") == (4096, 10240)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("unset", "unset")),
        ("* - nofile 100\n", (100, 100)),
        ("* - nofile 100\ndocker hard nofile 200\n", (100, 200)),
        ("docker soft nofile 7\n@docker soft nofile 8\n* soft nofile 9\n", (7, "unset")),
        ("docker hard nofile unlimited\n", ("unset", "unlimited")),
        ("docker soft nofile -1\n", ("unlimited", "unset")),
        ("alicia soft nofile 5\ndocker soft nproc 5\ndocker both nofile 5\nshort line\n", ("unset", "unset")),
        ("docker soft nofile 5 # few\n", (5, "unset")),
        ("docker soft nofile many\n", ("unknown", "unknown")),
    ],
)
def test_limits_conf_is_read_as_pam_reads_it(host: Host, text: str, expected: tuple[Any, Any]) -> None:
    host.write("/etc/security/limits.conf", text)

    assert limits(host, "limitsConf") == expected


def test_limits_d_comes_after_and_only_conf_counts(host: Host) -> None:
    host.write("/etc/security/limits.conf", "docker soft nofile 1\n")
    host.write("/etc/security/limits.d/10.conf", "docker soft nofile 2\n")
    host.write("/etc/security/limits.d/20.bak", "docker soft nofile 3\n")

    assert limits(host, "limitsConf") == (2, "unset")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", ("unset", "unset")),
        ("LimitNOFILE=4096:10240", (4096, 10240)),
        ("LimitNOFILE=1024", (1024, 1024)),
        ("LimitNOFILE=infinity", ("unlimited", "unlimited")),
        ("LimitNOFILE=1K", ("unknown", "unknown")),
    ],
)
def test_the_unit_says_soft_and_hard(host: Host, line: str, expected: tuple[Any, Any]) -> None:
    host.write("/lib/systemd/system/docker.service", f"[Service]\n{line}\n")

    assert limits(host, "service") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", ("unset", "unset")),
        ('{"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 4096, "Hard": 10240}}}', (4096, 10240)),
        ('{"default-ulimits": {"nofile": {"name": "nofile", "SOFT": 1, "hard": -1}}}', (1, "unlimited")),
        ('{"default-ulimits": {"nofile": {"Name": "nproc", "Soft": 1, "Hard": 1}}}', ("unset", "unset")),
        ('{"default-ulimits": {"nofile": 5}}', ("unknown", "unknown")),
        ('{"default-ulimits": []}', ("unknown", "unknown")),
    ],
)
def test_the_daemons_default_is_read_from_its_file(host: Host, text: str, expected: tuple[Any, Any]) -> None:
    host.dockerd()
    host.write("/etc/docker/daemon.json", text)

    assert limits(host, "daemon") == expected


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("--default-ulimit", "nofile=4096:10240"), (4096, 10240)),
        (("--default-ulimit=nproc=5", "--default-ulimit=nofile=64"), (64, 64)),
        (("--default-ulimit=nproc=5",), ("unset", "unset")),
    ],
)
def test_the_daemons_default_is_read_from_its_flags(host: Host, flags: tuple[str, ...], expected: Any) -> None:
    host.dockerd(*flags)

    assert limits(host, "daemon") == expected


def test_the_daemons_default_is_unknown_without_a_command_line(host: Host) -> None:
    assert limits(host, "daemon") == ("unknown", "unknown")


def test_what_binds_the_running_dockerd_is_read_from_its_process(host: Host) -> None:
    host.write("/etc/security/limits.conf", "docker soft nofile 4096\ndocker hard nofile 10240\n")
    host.dockerd()
    host.write(
        "/proc/42/limits",
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max processes             63431                63431                processes \n"
        "Max open files            1024                 unlimited            files     \n",
    )

    assert limits(host, "process") == (1024, "unlimited")


def test_limits_of_a_process_that_cannot_be_read_are_unknown(host: Host) -> None:
    host.dockerd()

    assert limits(host, "process") == ("unknown", "unknown")


def test_without_a_dockerd_the_unit_tells_what_the_next_one_gets(host: Host) -> None:
    host.write("/etc/systemd/system/docker.service", "[Service]\nLimitNOFILE=4096:10240\n")

    assert limits(host, "process") == (4096, 10240)


def test_default_ulimits_that_were_written_after_the_start_are_not_known_to_be_in_force(host: Host) -> None:
    host.write(DAEMON_JSON, '{"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1, "Hard": 2}}}')

    host.dockerd()
    assert limits(host, "daemon") == (1, 2)
    host.dockerd(age=3600)
    assert limits(host, "daemon") == ("unknown", "unknown")
