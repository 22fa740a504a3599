import pytest

from portero.decide.facts import driver
from portero.decide.values.json_fields import Fact
from portero.decide.values.refusals import Refused
from portero.observe.host.fixed_host import FixedHost
from tests.cases import cases


def found(name: str = "local", **options: str) -> Fact:
    host = FixedHost({"links": {"/srv/lnk": "/etc"}, "kinds": {"/dev/nvme0n1p1": "device"}})
    return driver.read_options(name, options, "DriverOpts", host)


def test_without_options_only_the_driver_is_reported() -> None:
    assert found("") == {"driver": "local", "driverOptions": {"type": "", "device": "", "names": []}}


@pytest.mark.parametrize(
    ("options", "source"),
    [
        ({"type": "none", "o": "bind", "device": "/"}, "/"),
        ({"type": "none", "o": "ro,bind", "device": "/tmp/./..etc//"}, "/tmp/..etc"),
        ({"device": "/run/docker/plugins", "o": "rbind", "type": "none"}, "/run/docker/plugins"),
        ({"type": "none", "o": "bind", "device": "/proc/1/root"}, "/proc/1/root"),
        ({"type": "tmpfs", "o": "bind", "device": "/etc"}, "/etc"),
        ({"type": "ext4", "o": "rbind,ro", "device": "etc"}, "/etc"),
        ({"type": "none", "device": "/etc"}, "/etc"),
        ({"type": "bind", "device": "/etc", "o": ""}, "/etc"),
        ({"type": "", "device": "/etc"}, "/etc"),
        ({"o": "bind"}, "/"),
    ],
    ids=lambda value: str(value),
)
def test_a_volume_that_is_a_bind_is_reported_as_a_bind(options: dict[str, str], source: str) -> None:
    fact = found(**options)

    assert (fact["type"], fact["via"], fact["source"]) == ("bind", "driver-options", source)
    assert (fact["paths"], fact["driver"]) == ([source], "local")


@pytest.mark.parametrize(
    "options",
    [
        {"type": "none", "o": "bind,ro", "device": "/srv/link/../../etc/ssl/certs"},
        {"type": "none", "device": "/srv/.."},
        {"o": "rbind", "device": "../../etc"},
        {"type": "ext4", "device": "dev/../dev/sda"},
        {"type": "overlay", "device": "x", "o": "lowerdir=/srv/../root"},
        {"type": "overlay", "device": "x", "o": "lowerdir=/a:/b,upperdir=/a\\,b/../../etc"},
        {"type": "ext4", "device": "/dev/sda", "o": "journal_path=/dev/../sdb"},
    ],
    ids=str,
)
def test_a_path_that_goes_up_is_refused_since_the_kernel_follows_it_as_it_stands(options: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        found(**options)

    assert refused.value.code == "path-climbs"


def test_a_read_only_rbind_leaves_what_is_mounted_below_writable() -> None:
    assert found(type="none", o="rbind,ro", device="/srv")["writable"] is True
    assert found(type="none", o="bind,ro", device="/srv")["writable"] is False


@pytest.mark.parametrize(
    ("options", "writable"),
    [("bind", True), ("bind,ro", False), ("ro,bind,rw", True), ("bind, ro", True), ("bind,RO", True)],
)
def test_ro_counts_as_mount_reads_it(options: str, writable: bool) -> None:
    assert found(type="none", o=options, device="/srv")["writable"] is writable


@pytest.mark.parametrize(
    ("options", "propagation"),
    [("bind", ""), ("bind,rprivate,shared", "shared"), ("rslave,bind", "rslave"), ("bind,slave", "slave")],
)
def test_the_most_dangerous_propagation_is_reported(options: str, propagation: str) -> None:
    assert found(type="none", o=options, device="/srv")["propagation"] == propagation


def test_a_tmpfs_is_reported_as_a_tmpfs() -> None:
    fact = found(type="tmpfs", device="tmpfs", o="size=100m,uid=1000")

    assert (fact["type"], fact["sizeBytes"]) == ("tmpfs", 100 << 20)
    assert fact["options"] == ["size=100m", "uid=1000"]
    assert "paths" not in fact


@pytest.mark.parametrize(("options", "paths"), cases(__file__, "other-filesystems.jsonl"), ids=lambda value: str(value))
def test_other_filesystems_are_volumes_that_have_their_host_paths(options: dict[str, str], paths: list[str]) -> None:
    fact = found(**options)

    assert "type" not in fact
    assert fact["via"] == "driver-options"
    assert fact.get("paths", []) == paths
    assert fact["driverOptions"] == {"type": options["type"], "device": options["device"], "names": list(options)}


def test_a_disk_is_a_device_and_a_filesystem_is_reported_in_lower_case() -> None:
    assert found(type="xfs", device="/dev/nvme0n1p1")["kind"] == "device"
    assert found(type="NFS", device=":/x")["driverOptions"] == {
        "type": "nfs",
        "device": ":/x",
        "names": ["type", "device"],
    }


@pytest.mark.parametrize("filesystem", ["nfs", "nfs4", "cifs", "smb3"])
def test_the_device_of_a_network_file_system_is_no_path(filesystem: str) -> None:
    assert found(type=filesystem, device="/srv", o="addr=192.0.2.1").get("paths", []) == []


def test_another_drivers_options_are_named_and_open_no_path() -> None:
    fact = found("vieux/sshfs", sshcmd="u@h:/", o="bind", device="/etc")

    assert (fact["driver"], fact["via"], fact["options"]) == ("vieux/sshfs", "driver-options", ["bind"])
    assert "type" not in fact
    assert "paths" not in fact


# What mount(2) takes as flags (moby/sys mount/flags_unix.go): the file system does not see them.
FLAGS = (
    "ro rw suid nosuid dev nodev exec noexec sync async dirsync remount mand nomand atime noatime diratime nodiratime"
    " unbindable runbindable private rprivate shared rshared slave rslave relatime norelatime strictatime nostrictatime"
)


@pytest.mark.parametrize("flag", FLAGS.split())
def test_a_flag_between_the_layers_of_an_overlay_is_taken_out(flag: str) -> None:
    # An escaped comma joins what stands on both sides of the flag.
    fact = found(type="overlay", device="overlay", o=f"lowerdir=/a\\,{flag},/b")

    assert fact["paths"] == ["/a,/b", "/b"]
