"""One bind as docker run -v has it: its words, and the paths of the host that it opens."""

import pytest

from portero.decide.facts import binds
from portero.decide.values.json_fields import Fact
from portero.observe.host.fixed_host import FixedHost

SAID = "HostConfig.Binds[0]"


def read(bind: str, volume_driver: str = "") -> Fact:
    return binds.parse_bind(bind, volume_driver, SAID, FixedHost({"links": {"/tmp/lnk": "/etc"}}))


@pytest.mark.parametrize(
    ("bind", "source"),
    [
        *((f"{path}:/mnt/x:ro", path) for path in ("/var/run", "/proc", "/sys/fs/cgroup", "/proc/1/root", "/dev/mem")),
        *((f"{path}:/mnt/x:ro", "/etc") for path in ("/usr/../etc", "/nonexistent/../etc", "/tmp/capdata/../../etc")),
        *(("/.:/mnt/x:ro", "/"), ("/tmp/..:/mnt/x:ro", "/"), ("/usr/share/../../etc/passwd:/x:ro", "/etc/passwd")),
        ("//var//run/docker.sock:/s", "/var/run/docker.sock"),
        ("/dev/disk/:/dev/disk:ro", "/dev/disk"),
        ("/home/user:/home/user:roz", "/home/user"),
        ("/etc:rw", "/etc"),
        ("/etc:/x:ro:ro", "/etc"),
    ],
)
def test_a_host_path_is_cleaned(bind: str, source: str) -> None:
    fact = read(bind)

    assert (fact["type"], fact["via"], fact["source"], fact["at"]) == ("bind", "bind", source, SAID)
    assert fact["driver"] is None


def test_a_link_opens_both_its_own_place_and_the_other() -> None:
    fact = read("/tmp/lnk/passwd:/x")

    assert (fact["source"], fact["paths"]) == ("/tmp/lnk/passwd", ["/tmp/lnk/passwd", "/etc/passwd"])
    assert fact["resolution"] == "resolved"


@pytest.mark.parametrize(
    ("bind", "holds"),
    [
        ("/run/docker.sock:/mnt/x:ro", ["/run/docker.sock"]),
        ("/var/run/docker.sock:/var/run/docker.sock:rw", ["/run/docker.sock"]),
        ("/:/host:ro,rslave", ["/run/containerd/containerd.sock", "/run/docker.sock"]),
        ("/srv/data:/d", []),
    ],
)
def test_the_daemons_sockets_are_reported(bind: str, holds: list[str]) -> None:
    assert read(bind)["holds"] == holds


@pytest.mark.parametrize(
    ("bind", "source", "target"),
    [
        ("pgdata:/var/lib/postgresql/data", "pgdata", "/var/lib/postgresql/data"),
        ("vol1:/data:nocopy", "vol1", "/data"),
        ("/data", None, "/data"),
        (":/data", None, "/data"),
        ("", None, None),
        (".data:/d/", ".data", "/d"),
    ],
)
def test_what_is_not_absolute_is_a_volume(bind: str, source: str | None, target: str | None) -> None:
    fact = read(bind)

    assert (fact["type"], fact["via"], fact["driver"]) == ("volume", "volume", "local")
    assert (fact["source"], fact["target"], fact["paths"]) == (source, target, [])


def test_the_volume_driver_of_the_request_is_reported() -> None:
    assert read("vv:/v", "rexray/ebs")["driver"] == "rexray/ebs"


@pytest.mark.parametrize(
    ("mode", "writable"),
    [
        *((mode, False) for mode in (":ro", ":ro,z", ":z,ro,rslave,nocopy,cached", ":ro,consistent", ":ro,delegated")),
        *((mode, False) for mode in (":ro,private", ":ro,rprivate", ":ro,shared", ":ro,rshared", ":ro,slave", ":ro,Z")),
        *(
            (mode, True)
            for mode in (":ro,slave,shared", ":ro,cached,delegated", ":ro,nocopy,nocopy", ":nocopy", ":roz")
        ),
        *((mode, True) for mode in (":ro,rw", ":ro,ro", ":ro,", ":ro,z,Z", ":RO", ":ro:ro", ":", ":rw", "")),
    ],
)
def test_only_a_mode_that_dockerd_accepts_makes_a_mount_read_only(mode: str, writable: bool) -> None:
    assert read(f"/srv:/x{mode}")["writable"] is writable


@pytest.mark.parametrize(
    ("mode", "propagation", "relabel"),
    [
        *(("rw", "", ""), ("ro,rslave", "rslave", ""), ("rw,shared", "shared", ""), ("rprivate", "rprivate", "")),
        *(("private", "private", ""), ("slave", "slave", ""), ("roz,rshared", "rshared", "")),
        *(("ro", "", ""), ("ro,z", "", "z"), ("Z", "", "Z"), ("z,Z", "", "Z")),
    ],
)
def test_propagation_and_relabelling_are_reported(mode: str, propagation: str, relabel: str) -> None:
    fact = read(f"/srv:/x:{mode}")

    assert (fact["propagation"], fact["relabel"]) == (propagation, relabel)
