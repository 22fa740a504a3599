"""Facts of the kernel from /proc and /sys."""

from typing import Any

import pytest

from portero.observe.dockerd.visible_dockerd import VisibleDockerd
from portero.tools.hostcheck import kernel
from portero.tools.hostcheck.fact import make_fact, make_unknown
from tests.tools.hostcheck.host_tree import Host

LSM = "/sys/kernel/security/lsm"
ENABLED = "/sys/module/apparmor/parameters/enabled"
PROFILES = "/sys/kernel/security/apparmor/profiles"


def facts(host: Host) -> Any:
    return kernel.collect_facts(host.files)


def control(host: Host, name: str) -> Any:
    return facts(host)["accessControl"][name]["value"]


def test_an_empty_host_is_unknown_in_everything(host: Host) -> None:
    found = facts(host)

    values = {fact["value"] for fact in found["settings"].values()}
    values |= {fact["value"] for name, fact in found["accessControl"].items() if name != "at"}
    assert values | {found["lockdown"]["value"], found["swap"]["value"]} == {"unknown"}


@pytest.mark.parametrize(
    ("path", "text", "name", "value"),
    [
        (LSM, "lockdown,capability,yama,apparmor", "modules", ["lockdown", "capability", "yama", "apparmor"]),
        (ENABLED, "Y\n", "apparmor", True),
        (ENABLED, "N\n", "apparmor", False),
        (ENABLED, "Y\n", "apparmorProfiles", "unknown"),
        ("/sys/fs/selinux/enforce", "1", "selinux", "enforcing"),
        ("/sys/fs/selinux/enforce", "0", "selinux", "permissive"),
        ("/sys/module", None, "apparmor", False),
        ("/sys/module", None, "apparmorProfiles", []),
        ("/sys/fs", None, "selinux", "off"),
    ],
    ids=[
        *("modules in their order", "on", "off", "profiles that cannot be read", "enforcing", "permissive"),
        *("a kernel without apparmor", "no profiles without apparmor", "a kernel without selinux"),
    ],
)
def test_access_control_is_what_the_kernel_says(host: Host, path: str, text: str | None, name: str, value: Any) -> None:
    if text is None:
        host.at(path).mkdir(parents=True)
    else:
        host.write(path, text)

    assert control(host, name) == value


def test_only_profiles_in_mode_enforce_count(host: Host) -> None:
    host.write(ENABLED, "Y\n")
    host.write(PROFILES, "docker-default (enforce)\n/usr/bin/man (x) (enforce)\ncupsd (complain)\nodd line\n")

    assert control(host, "apparmorProfiles") == ["docker-default", "/usr/bin/man (x)"]


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
    host.unreadable("/proc/sys/kernel/kexec_load_disabled")

    settings = facts(host)["settings"]

    assert settings["kernel.kptr_restrict"] == {"value": 2, "at": "/proc/sys/kernel/kptr_restrict"}
    for name, value in (
        ("kernel.dmesg_restrict", "unknown"),
        ("kernel.kexec_load_disabled", "unknown"),
        ("kernel.yama.ptrace_scope", "absent"),
        ("net.bridge.bridge-nf-call-iptables", "absent"),
    ):
        assert settings[name]["value"] == value


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
    return kernel.collect_storage_facts(host.files, make_fact(root, "daemon.json data-root"), dockerd)


@pytest.mark.parametrize(
    ("mounts", "root", "own", "kind"),
    [
        ((ROOT,), "/var/lib/docker", False, "ext4"),
        ((ROOT, OWN), "/var/lib/docker", True, "btrfs"),
        ((ROOT, ITSELF), "/var/lib/docker", False, "ext4"),
        ((ROOT, VAR), "/var/lib/docker", False, "xfs"),
        ((ROOT, NEIGHBOUR), "/var/lib/docker", False, "ext4"),
        ((ROOT, OWN, ITSELF_OVER_OWN), "/var/lib/docker", False, "ext4"),
        ((ROOT, OWN, VAR), "/var/lib/docker", False, "xfs"),
        ((ROOT, BLANK), "/srv/docker data", True, "zfs"),
        ((), "/var/lib/docker", "unknown", "unknown"),
        (("nonsense",), "/var/lib/docker", "unknown", "unknown"),
        ((OWN.replace("/var/lib/docker", "/srv"),), "/var/lib/docker", "unknown", "unknown"),
    ],
    ids=[
        *("none", "its own", "bound to itself", "above", "a neighbour", "the last one is on top"),
        *("covered from above", "a blank in its name", "no table", "an odd table", "a table without it"),
    ],
)
def test_only_another_device_mounted_there_is_its_own(host: Host, mounts: Any, root: str, own: Any, kind: str) -> None:
    found = storage(host, *mounts, root=root)

    assert (found["ownFileSystem"]["value"], found["fileSystem"]["value"]) == (own, kind)
    assert found["fileSystem"]["at"] == f"/proc/self/mountinfo {root}"


def test_the_data_root_is_followed_through_links_and_mounts_are_those_that_dockerd_sees(host: Host) -> None:
    host.link("/docker", "/var/lib/docker")
    host.write("/proc/42/mountinfo", f"{ROOT}\n{OWN}\n")
    dockerd = VisibleDockerd("42", None, None, None)

    assert storage(host, ROOT, OWN, root="/docker")["ownFileSystem"]["value"] is True
    assert storage(host, ROOT, dockerd=dockerd)["ownFileSystem"]["value"] is True


def test_an_unknown_data_root_leaves_all_unknown(host: Host) -> None:
    found: Any = kernel.collect_storage_facts(host.files, make_unknown("dockerd --data-root"), None)

    assert {fact["value"] for fact in found.values()} == {"unknown"}
