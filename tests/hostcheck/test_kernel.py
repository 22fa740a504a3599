"""Facts of the kernel from /proc and /sys."""

from typing import Any

import pytest

from portero.dockerd.visible_dockerd import VisibleDockerd
from portero.hostcheck import kernel
from portero.hostcheck.fact import fact, unknown
from tests.hostcheck.host_tree import Host

LSM = "/sys/kernel/security/lsm"
ENABLED = "/sys/module/apparmor/parameters/enabled"
PROFILES = "/sys/kernel/security/apparmor/profiles"


def facts(host: Host) -> Any:
    return kernel.facts(host.files)


def control(host: Host, name: str) -> Any:
    return facts(host)["accessControl"][name]["value"]


def test_an_empty_host_is_unknown_in_everything(host: Host) -> None:
    found = facts(host)

    values = {fact["value"] for fact in found["settings"].values()}
    values |= {fact["value"] for name, fact in found["accessControl"].items() if name != "at"}
    assert values | {found["lockdown"]["value"], found["swap"]["value"]} == {"unknown"}


@pytest.mark.parametrize(
    ("file", "text", "name", "value"),
    [
        (LSM, "lockdown,capability,yama,apparmor", "modules", ["lockdown", "capability", "yama", "apparmor"]),
        (ENABLED, "Y\n", "apparmor", True),
        (ENABLED, "N\n", "apparmor", False),
        (ENABLED, "Y\n", "apparmorProfiles", "unknown"),
        ("/sys/fs/selinux/enforce", "1", "selinux", "enforcing"),
        ("/sys/fs/selinux/enforce", "0", "selinux", "permissive"),
    ],
    ids=["modules in their order", "on", "off", "profiles that cannot be read", "enforcing", "permissive"],
)
def test_access_control_is_what_the_kernel_says(host: Host, file: str, text: str, name: str, value: Any) -> None:
    host.write(file, text)

    assert control(host, name) == value


def test_a_kernel_without_the_module_has_apparmor_off_and_no_profiles(host: Host) -> None:
    host.at("/sys/module").mkdir(parents=True)

    assert control(host, "apparmor") is False
    assert control(host, "apparmorProfiles") == []


def test_only_profiles_in_mode_enforce_count(host: Host) -> None:
    host.write(ENABLED, "Y\n")
    host.write(PROFILES, "docker-default (enforce)\n/usr/bin/man (x) (enforce)\ncupsd (complain)\nodd line\n")

    assert control(host, "apparmorProfiles") == ["docker-default", "/usr/bin/man (x)"]


def test_selinux_is_off_where_its_file_system_is_missing(host: Host) -> None:
    host.at("/sys/fs").mkdir(parents=True)

    assert control(host, "selinux") == "off"


@pytest.mark.parametrize(
    ("modules", "text", "level"),
    [
        ("lockdown,yama", "none [integrity] confidentiality\n", "integrity"),
        ("lockdown,yama", "[none] integrity confidentiality\n", "none"),
        ("lockdown,yama", "nonsense\n", "unknown"),
        ("yama", "", "none"),
    ],
)
def test_lockdown_is_the_level_in_brackets(host: Host, modules: str, text: str, level: str) -> None:
    host.write(LSM, modules)
    host.write("/sys/kernel/security/lockdown", text)

    assert facts(host)["lockdown"]["value"] == level


def test_settings_are_numbers_and_absent_where_the_kernel_lacks_them(host: Host) -> None:
    host.write("/proc/sys/kernel/kptr_restrict", "2\n")
    host.write("/proc/sys/kernel/dmesg_restrict", "odd\n")

    settings = facts(host)["settings"]

    assert settings["kernel.kptr_restrict"] == {"value": 2, "at": "/proc/sys/kernel/kptr_restrict"}
    assert settings["kernel.dmesg_restrict"]["value"] == "unknown"
    assert settings["kernel.yama.ptrace_scope"]["value"] == "absent"
    assert settings["net.bridge.bridge-nf-call-iptables"]["value"] == "absent"


def test_a_setting_that_cannot_be_read_is_unknown(host: Host) -> None:
    host.unreadable("/proc/sys/kernel/kptr_restrict")

    assert facts(host)["settings"]["kernel.kptr_restrict"]["value"] == "unknown"


def test_swap_devices_are_named(host: Host) -> None:
    host.write("/proc/swaps", "Filename Type Size Used Priority\n/dev/sda2 partition 8388604 0 -2\n\n")

    assert facts(host)["swap"]["value"] == ["/dev/sda2"]


ROOT = "22 1 8:1 / / rw - ext4 /dev/sda1 rw"
OWN = "30 22 8:17 / /var/lib/docker rw,relatime shared:5 - btrfs /dev/sdb1 rw"
ITSELF_OVER_OWN = "31 30 8:1 /var/lib/docker /var/lib/docker rw - ext4 /dev/sda1 rw"
ITSELF = "31 22 8:1 /var/lib/docker /var/lib/docker rw - ext4 /dev/sda1 rw"
VAR = "32 22 8:33 / /var rw - xfs /dev/sdc1 rw"
NEIGHBOUR = "33 22 8:17 / /var/lib/dock rw - zfs pool rw"
BLANK = "34 22 8:49 / /srv/docker\\040data rw - zfs pool rw"


def storage(host: Host, *mounts: str, root: str = "/var/lib/docker", dockerd: VisibleDockerd | None = None) -> Any:
    host.write("/proc/self/mountinfo", "\n".join(mounts) + "\n")
    return kernel.storage_facts(host.files, fact(root, "daemon.json data-root"), dockerd)


@pytest.mark.parametrize(
    ("mounts", "own", "kind"),
    [
        ((ROOT,), False, "ext4"),
        ((ROOT, OWN), True, "btrfs"),
        ((ROOT, ITSELF), False, "ext4"),
        ((ROOT, VAR), False, "xfs"),
        ((ROOT, NEIGHBOUR), False, "ext4"),
        ((ROOT, OWN, ITSELF_OVER_OWN), False, "ext4"),
        ((ROOT, OWN, VAR), False, "xfs"),
    ],
    ids=["none", "its own", "bound to itself", "above", "a neighbour", "the last one is on top", "covered from above"],
)
def test_only_another_device_mounted_there_is_its_own(host: Host, mounts: Any, own: bool, kind: str) -> None:
    found = storage(host, *mounts)

    assert (found["ownFileSystem"]["value"], found["fileSystem"]["value"]) == (own, kind)
    assert found["fileSystem"]["at"] == "/proc/self/mountinfo /var/lib/docker"


def test_blanks_in_a_mount_point_are_read(host: Host) -> None:
    assert storage(host, ROOT, BLANK, root="/srv/docker data")["ownFileSystem"]["value"] is True


def test_the_data_root_is_followed_through_links(host: Host) -> None:
    host.link("/docker", "/var/lib/docker")

    assert storage(host, ROOT, OWN, root="/docker")["ownFileSystem"]["value"] is True


def test_the_mounts_that_dockerd_sees_count(host: Host) -> None:
    host.write("/proc/42/mountinfo", f"{ROOT}\n{OWN}\n")

    assert storage(host, ROOT, dockerd=VisibleDockerd("42", None, None, None))["ownFileSystem"]["value"] is True


@pytest.mark.parametrize("mounts", [(), ("nonsense",), (OWN.replace("/var/lib/docker", "/srv"),)])
def test_a_table_that_does_not_tell_leaves_it_unknown(host: Host, mounts: tuple[str, ...]) -> None:
    found = storage(host, *mounts)

    assert (found["ownFileSystem"]["value"], found["fileSystem"]["value"]) == ("unknown", "unknown")


def test_an_unknown_data_root_leaves_all_unknown(host: Host) -> None:
    found: Any = kernel.storage_facts(host.files, unknown("dockerd --data-root"), None)

    assert {fact["value"] for fact in found.values()} == {"unknown"}
