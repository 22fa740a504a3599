"""The data root: whether it is a file system of its own, and of which kind."""

from typing import Any

import pytest

from portero.host.asking_daemons import VisibleDockerd
from portero.hostcheck import storage
from portero.hostcheck.fact import fact, unknown
from tests.hostcheck.host_tree import Host

ROOT = "22 1 8:1 / / rw - ext4 /dev/sda1 rw"
OWN = "30 22 8:17 / /var/lib/docker rw,relatime shared:5 - btrfs /dev/sdb1 rw"
ITSELF_OVER_OWN = "31 30 8:1 /var/lib/docker /var/lib/docker rw - ext4 /dev/sda1 rw"
ITSELF = "31 22 8:1 /var/lib/docker /var/lib/docker rw - ext4 /dev/sda1 rw"
VAR = "32 22 8:33 / /var rw - xfs /dev/sdc1 rw"
NEIGHBOUR = "33 22 8:17 / /var/lib/dock rw - zfs pool rw"
BLANK = "34 22 8:49 / /srv/docker\\040data rw - zfs pool rw"


def facts(host: Host, *mounts: str, root: str = "/var/lib/docker", process: VisibleDockerd | None = None) -> Any:
    host.write("/proc/self/mountinfo", "\n".join(mounts) + "\n")
    return storage.facts(host.files, fact(root, "daemon.json data-root"), process)


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
    found = facts(host, *mounts)

    assert (found["ownFileSystem"]["value"], found["fileSystem"]["value"]) == (own, kind)
    assert found["fileSystem"]["at"] == "/proc/self/mountinfo /var/lib/docker"


def test_blanks_in_a_mount_point_are_read(host: Host) -> None:
    assert facts(host, ROOT, BLANK, root="/srv/docker data")["ownFileSystem"]["value"] is True


def test_the_data_root_is_followed_through_links(host: Host) -> None:
    host.link("/docker", "/var/lib/docker")

    assert facts(host, ROOT, OWN, root="/docker")["ownFileSystem"]["value"] is True


def test_the_mounts_that_dockerd_sees_count(host: Host) -> None:
    host.write("/proc/42/mountinfo", f"{ROOT}\n{OWN}\n")

    assert facts(host, ROOT, process=VisibleDockerd("42", None, None, None))["ownFileSystem"]["value"] is True


@pytest.mark.parametrize("mounts", [(), ("nonsense",), (OWN.replace("/var/lib/docker", "/srv"),)])
def test_a_table_that_does_not_tell_leaves_it_unknown(host: Host, mounts: tuple[str, ...]) -> None:
    found = facts(host, *mounts)

    assert (found["ownFileSystem"]["value"], found["fileSystem"]["value"]) == ("unknown", "unknown")


def test_an_unknown_data_root_leaves_all_unknown(host: Host) -> None:
    found: Any = storage.facts(host.files, unknown("dockerd --data-root"), None)

    assert {fact["value"] for fact in found.values()} == {"unknown"}
