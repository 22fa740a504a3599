"""nofile in limits.conf, in the unit and in the daemon's default-ulimits."""

from typing import Any

import pytest

from portero.tools.hostcheck import file_limits
from portero.tools.hostcheck.daemon_settings import find_dockerd
from tests.tools.hostcheck.host_tree import DAEMON_JSON, Host


def limits(host: Host, place: str) -> tuple[Any, Any]:
    configured = host.configuration()
    facts: Any = file_limits.collect_facts(host.files, configured, find_dockerd(host.files))
    return facts[place]["soft"]["value"], facts[place]["hard"]["value"]


UNSET, UNKNOWN = ("unset", "unset"), ("unknown", "unknown")
# For each place its file, and each content with its soft and hard limit.
CONF: dict[str, tuple[Any, Any]] = {
    "# limits\ndocker soft nofile 4096\ndocker hard nofile 10240\n": (4096, 10240),  # the guide's own lines
    "": UNSET,
    "* - nofile 100\n": (100, 100),
    "* - nofile 100\ndocker hard nofile 200\n": (100, 200),
    "docker soft nofile 7\n@docker soft nofile 8\n* soft nofile 9\n": (7, "unset"),
    "docker hard nofile unlimited\n": ("unset", "unlimited"),
    "docker soft nofile -1\n": ("unlimited", "unset"),
    "alicia soft nofile 5\ndocker soft nproc 5\ndocker both nofile 5\nshort line\n": UNSET,
    "docker soft nofile 5 # few\n": (5, "unset"),
    "docker soft nofile many\n": UNKNOWN,
}
UNIT: dict[str, tuple[Any, Any]] = {
    "": UNSET,
    "LimitNOFILE=4096:10240": (4096, 10240),
    "LimitNOFILE=1024": (1024, 1024),
    "LimitNOFILE=infinity": ("unlimited", "unlimited"),
    "LimitNOFILE=1K": UNKNOWN,
}
DAEMON: dict[str, tuple[Any, Any]] = {
    "{}": UNSET,
    '{"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 4096, "Hard": 10240}}}': (4096, 10240),
    '{"default-ulimits": {"nofile": {"name": "nofile", "SOFT": 1, "hard": -1}}}': (1, "unlimited"),
    '{"default-ulimits": {"nofile": {"Name": "nproc", "Soft": 1, "Hard": 1}}}': UNSET,
    '{"default-ulimits": {"nofile": 5}}': UNKNOWN,
    '{"default-ulimits": []}': UNKNOWN,
}
PLACES = {
    "limitsConf": ("/etc/security/limits.conf", "{}", CONF),
    "service": ("/lib/systemd/system/docker.service", "[Service]\n{}\n", UNIT),
    "daemon": (DAEMON_JSON, "{}", DAEMON),
}


@pytest.mark.parametrize(
    ("place", "file", "text", "expected"),
    [
        pytest.param(place, file, form.replace("{}", text, 1), expected, id=f"{place}: {text or 'empty'}")
        for place, (file, form, cases) in PLACES.items()
        for text, expected in cases.items()
    ],
)
def test_both_limits_are_read_of_each_place(host: Host, place: str, file: str, text: str, expected: Any) -> None:
    if place == "daemon":
        host.dockerd()
    host.write(file, text)

    assert limits(host, place) == expected


def test_limits_d_comes_after_and_only_conf_counts(host: Host) -> None:
    host.write("/etc/security/limits.conf", "docker soft nofile 1\n")
    host.write("/etc/security/limits.d/10.conf", "docker soft nofile 2\n")
    host.write("/etc/security/limits.d/20.bak", "docker soft nofile 3\n")

    assert limits(host, "limitsConf") == (2, "unset")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("--default-ulimit", "nofile=4096:10240"), (4096, 10240)),
        (("--default-ulimit=nproc=5", "--default-ulimit=nofile=64"), (64, 64)),
        (("--default-ulimit=nproc=5",), ("unset", "unset")),
        (None, UNKNOWN),
    ],
)
def test_the_daemons_default_is_read_from_its_flags(host: Host, flags: tuple[str, ...] | None, expected: Any) -> None:
    if flags is not None:
        host.dockerd(*flags)

    assert limits(host, "daemon") == expected


def test_what_binds_the_running_dockerd_is_read_from_its_process(host: Host) -> None:
    host.write("/etc/security/limits.conf", "docker soft nofile 4096\ndocker hard nofile 10240\n")
    host.dockerd()
    assert limits(host, "process") == UNKNOWN

    host.write(
        "/proc/42/limits",
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max processes             63431                63431                processes \n"
        "Max open files            1024                 unlimited            files     \n",
    )
    assert limits(host, "process") == (1024, "unlimited")


def test_without_a_dockerd_the_unit_tells_what_the_next_one_gets(host: Host) -> None:
    host.write("/etc/systemd/system/docker.service", "[Service]\nLimitNOFILE=4096:10240\n")

    assert limits(host, "process") == (4096, 10240)


def test_default_ulimits_that_were_written_after_the_start_are_not_known_to_be_in_force(host: Host) -> None:
    host.write(DAEMON_JSON, '{"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1, "Hard": 2}}}')

    host.dockerd()
    assert limits(host, "daemon") == (1, 2)
    host.dockerd(age=3600)
    assert limits(host, "daemon") == ("unknown", "unknown")
