"""What builds with BuildKit may ask of a host."""

import json
from typing import Any

import pytest

from portero.observe.dockerd import device_policy
from portero.tools.hostcheck import buildkit
from portero.tools.hostcheck.daemon_info import Info
from portero.tools.hostcheck.daemon_settings import find_dockerd
from tests.tools.hostcheck.host_tree import DAEMON_JSON, Host

OFF = {"builder": {"entitlements": {"network-host": False, "security-insecure": False, "device": False}}}


def facts(host: Host, info: Any = None) -> Any:
    try:
        running = find_dockerd(host.files)
    except OSError:
        running = None
    return buildkit.collect_facts(host.files, running, host.configuration(), Info(info))


@pytest.mark.parametrize(
    ("content", "age", "expected"),
    [({}, -9, "on"), (OFF, -9, "off"), (OFF, 3600, "off-after-restart")],
    ids=["not written", "older than dockerd", "younger"],
)
def test_entitlements_count_once_dockerd_starts(host: Host, content: Any, age: float, expected: str) -> None:
    host.write(DAEMON_JSON, json.dumps(content))
    host.dockerd(age=age)

    assert facts(host)["entitlements"] == {"value": expected, "at": f"{DAEMON_JSON} builder.entitlements"}


def test_a_start_that_cannot_be_read_is_unknown(host: Host) -> None:
    host.write(DAEMON_JSON, json.dumps(OFF))
    host.dockerd()
    host.write("/proc/42/stat", "")
    empty = facts(host)["entitlements"]["value"]
    host.at("/proc/42/stat").unlink()

    assert (empty, facts(host)["entitlements"]["value"]) == ("unknown", "unknown")


def test_so_is_all_of_a_file_that_cannot_be_read(host: Host) -> None:
    host.unreadable(DAEMON_JSON)

    found = facts(host)
    unread = ("entitlements", "cgroupParent", "cacheBounded", "autoallowed")
    assert {found[name]["value"] for name in unread} == {"unknown"}


def test_specifications_that_allow_themselves_are_found(host: Host) -> None:
    host.write("/etc/cdi/a.yaml", "annotations:\n  org.mobyproject.buildkit.device.autoallow: 'true'\n")
    host.write("/etc/cdi/b.json", "{}")
    host.at("/etc/cdi/folder").mkdir()
    assert facts(host)["autoallowed"] == {"value": ["/etc/cdi/a.yaml"], "at": "/etc/cdi, /var/run/cdi"}

    host.write(DAEMON_JSON, '{"cdi-spec-dirs": ["/srv/cdi"]}')
    host.write("/srv/cdi/a.yaml", "org.mobyproject.buildkit.device.autoallow")
    assert facts(host)["autoallowed"] == {"value": ["/srv/cdi/a.yaml"], "at": "/srv/cdi"}

    host.write(DAEMON_JSON, "{}")
    host.dockerd("--cdi-spec-dir=/srv/cdi")
    assert facts(host)["autoallowed"] == {"value": ["/srv/cdi/a.yaml"], "at": "/srv/cdi"}


def test_specifications_are_looked_for_where_dockerd_says_that_it_does(host: Host) -> None:
    host.write("/home/alice/.config/cdi/a.yaml", "org.mobyproject.buildkit.device.autoallow")
    host.write("/home/alice/.config/cdi/b.yaml", "{}")
    host.dockerd(environment="ROOTLESSKIT_STATE_DIR=/run/x\0HOME=/home/alice\0")

    folders = ["/etc/cdi", "/var/run/cdi", "/home/alice/.config/cdi", "/run/user/4242/cdi"]
    found = facts(host, {"CDISpecDirs": folders})["autoallowed"]
    assert found == {"value": ["/home/alice/.config/cdi/a.yaml"], "at": ", ".join(folders)}
    # Engines without CDI devices for builds report none.
    assert facts(host, {"CDISpecDirs": []})["autoallowed"]["value"] == []
    assert facts(host)["autoallowed"]["value"] == "unknown"


CONTAINERDS = {"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}


@pytest.mark.parametrize(
    ("info", "environment", "listens", "found"),
    [
        (CONTAINERDS, "", True, "unknown"),
        (CONTAINERDS, "", False, "closed"),
        (CONTAINERDS, "ROOTLESSKIT_STATE_DIR=/run/x\0", True, "closed"),
        ({"DriverStatus": [["Backing Filesystem", "extfs"]]}, "", True, "closed"),
        (None, "", True, "unknown"),
    ],
    ids=["containerd's store", "dockerd's containerd", "rootless", "dockerd's store", "no answer"],
)
def test_containerd_counts_where_images_lie_in_its_store(
    monkeypatch: pytest.MonkeyPatch, host: Host, info: Any, environment: str, *, listens: bool, found: str
) -> None:
    host.dockerd(environment=environment)
    at = {str(host.at("/run/containerd/containerd.sock")): 43} if listens else {}
    monkeypatch.setattr(device_policy, "find_process", at.get)

    assert facts(host, info)["containerdAccess"]["value"] == found


def test_private_keys_of_root_are_found_and_public_ones_are_not(host: Host) -> None:
    host.write("/root/.ssh/id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\n")
    host.write("/root/.ssh/id_ed25519.pub", "ssh-ed25519 AAAA\n")
    host.write("/root/.ssh/authorized_keys", "ssh-ed25519 AAAA\n")

    assert facts(host)["privateKeys"] == {"value": ["/root/.ssh/id_ed25519"], "at": "/root/.ssh"}


@pytest.mark.parametrize(
    ("collected", "bounded"),
    [
        ({"enabled": True, "defaultKeepStorage": "20GB"}, True),
        ({"enabled": True, "policy": [{"keepStorage": "10GB"}]}, True),
        ({"enabled": True}, False),
        ({"enabled": False, "defaultKeepStorage": "20GB"}, False),
        ({"defaultKeepStorage": "20GB"}, False),
        ("20GB", False),
    ],
)
def test_a_cache_is_bounded_by_a_size(host: Host, collected: Any, bounded: bool) -> None:
    host.write(DAEMON_JSON, json.dumps({"builder": {"gc": collected}}))

    assert facts(host)["cacheBounded"]["value"] is bounded
