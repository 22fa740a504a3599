import pytest

from portero.facts import binds
from portero.host.fixed_host import FixedHost
from portero.values.json_types import Fact

SAID = "HostConfig.Binds[0]"


def read(bind: str, volume_driver: str = "") -> Fact:
    return binds.parse_bind(bind, volume_driver, SAID, FixedHost({"links": {"/tmp/lnk": "/etc"}}))


@pytest.mark.parametrize(
    ("bind", "source"),
    [
        ("/var/run:/mnt/x:ro", "/var/run"),
        ("/proc:/mnt/x:ro", "/proc"),
        ("/sys/fs/cgroup:/mnt/x:ro", "/sys/fs/cgroup"),
        ("/.:/mnt/x:ro", "/"),
        ("/tmp/..:/mnt/x:ro", "/"),
        ("/usr/../etc:/mnt/x:ro", "/etc"),
        ("/usr/share/../../etc/passwd:/mnt/x:ro", "/etc/passwd"),
        ("/proc/1/root:/mnt/x:ro", "/proc/1/root"),
        ("/dev/mem:/mnt/x:ro", "/dev/mem"),
        ("/nonexistent/../etc:/mnt/x:ro", "/etc"),
        ("/tmp/capdata/../../etc:/x:ro", "/etc"),
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
        ("./data:/d/", "./data", "/d"),
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
        ("", True),
        ("rw", True),
        ("ro", False),
        ("ro,z", False),
        ("z,ro,rslave,nocopy,cached", False),
        ("ro,consistent", False),
        ("ro,delegated", False),
        ("ro,private", False),
        ("ro,rprivate", False),
        ("ro,shared", False),
        ("ro,rshared", False),
        ("ro,slave", False),
        ("ro,Z", False),
        ("ro,slave,shared", True),
        ("ro,cached,delegated", True),
        ("ro,nocopy,nocopy", True),
        ("nocopy", True),
        ("roz", True),
        ("ro,rw", True),
        ("ro,ro", True),
        ("ro,", True),
        ("ro,z,Z", True),
        ("RO", True),
        ("ro:ro", True),
    ],
)
def test_only_a_mode_that_dockerd_accepts_makes_a_mount_read_only(mode: str, writable: bool) -> None:
    assert read(f"/srv:/x:{mode}")["writable"] is writable


def test_a_mount_without_a_mode_is_writable() -> None:
    assert read("/srv:/x")["writable"] is True


@pytest.mark.parametrize(
    ("mode", "propagation"),
    [
        ("rw", ""),
        ("ro,rslave", "rslave"),
        ("rw,shared", "shared"),
        ("rprivate", "rprivate"),
        ("private", "private"),
        ("slave", "slave"),
        ("roz,rshared", "rshared"),
    ],
)
def test_the_propagation_is_reported(mode: str, propagation: str) -> None:
    assert read(f"/srv:/x:{mode}")["propagation"] == propagation


@pytest.mark.parametrize(("mode", "relabel"), [("ro", ""), ("ro,z", "z"), ("Z", "Z"), ("z,Z", "Z")])
def test_relabelling_is_reported(mode: str, relabel: str) -> None:
    assert read(f"/srv:/x:{mode}")["relabel"] == relabel
