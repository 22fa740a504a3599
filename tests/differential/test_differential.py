"""Generated requests: Portero reads what dockerd executes. And the comparison notices a reading that is wrong."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import need_dockerd

from .cases import Case
from .read import read_document
from .search import examine, search, shrink
from .stage import Stage
from .written import Document, plain

pytestmark = pytest.mark.e2e

SEED = 1
NUMBER = 500


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    need_dockerd()
    with Stage() as started:
        yield started


def test_what_dockerd_executes_is_what_portero_reads(stage: Stage) -> None:
    counts: Counter[str] = Counter()

    found = [*search(stage, SEED, range(NUMBER), counts)]

    assert not found, "\n\n".join(map(str, found))
    assert counts["compared"] > NUMBER / 3, counts
    assert counts["compared with the OCI spec"] > NUMBER / 20, counts


def _create(**settings: Any) -> Case:
    body = {"Image": "busybox", "User": "1000:1000", "HostConfig": {"NetworkMode": "none", **settings}}
    return Case("ContainerCreate", "/containers/create", Document(plain(body)), starts=True)


_DEVICE = {"PathOnHost": "/dev/null", "PathInContainer": "/dev/n", "CgroupPermissions": "rwm"}
# Each a request, what Portero is made to read of it, and where the difference must show.
WRONG: dict[str, tuple[dict[str, Any], str, Any, str]] = {
    "a body that is not privileged": (
        {"Privileged": True},
        "body HostConfig Privileged",
        False,
        "HostConfig.Privileged",
    ),
    "a fact that is not privileged": ({"Privileged": True}, "facts privileged value", False, "facts.privileged"),
    "no capability": ({"CapAdd": ["sys_admin"]}, "facts capabilities add", [], "facts.capabilities"),
    "another capability": (
        {"CapDrop": ["ALL"]},
        "facts capabilities drop",
        [{"name": "KILL", "at": ""}],
        "facts.capabilities",
    ),
    "no mount": ({"Binds": ["/etc:/x"]}, "facts mounts", [], "facts.mounts"),
    "another source": (
        {"Binds": ["/etc:/x"]},
        "facts mounts 0 paths",
        ["/srv"],
        "facts.mounts[HostConfig.Binds[0]].paths",
    ),
    "a mount that is not writable": ({"Binds": ["/etc:/x"]}, "facts mounts 0 writable", False, "facts.mounts"),
    "no limit of memory": ({"Memory": 2**27}, "facts limits memory value", 2**20, "facts.limits.memory"),
    "a process namespace of its own": ({"PidMode": "host"}, "facts namespaces pid mode", "default", "facts.namespaces"),
    "seccomp": ({"SecurityOpt": ["seccomp=unconfined"]}, "facts seccomp profile", "default", "facts.seccomp"),
    "paths that stay masked": ({"MaskedPaths": []}, "facts maskedPaths missing", [], "facts.maskedPaths"),
    "no device": ({"Devices": [_DEVICE]}, "facts devices", [], "facts.devices"),
    "no sysctl": ({"Sysctls": {"net.ipv4.ip_forward": "1"}}, "facts sysctls", [], "facts.sysctls"),
    "no group": ({"GroupAdd": ["docker"]}, "facts groups", [], "facts.groups"),
    "the usual cgroup": ({"CgroupParent": "/x"}, "facts cgroupParent value", "", "facts.cgroupParent"),
    "a name that is not read": ({"Dns": ["1.1.1.1"]}, "body HostConfig Dns", None, "HostConfig.Dns"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_reading_is_noticed(stage: Stage, wrong: str) -> None:
    settings, place, value, at = WRONG[wrong]
    case = _create(**settings)

    def read(asked: bytes) -> dict[str, Any]:
        document = part = read_document(asked)
        *outer, name = place.split()
        for step in outer:
            part = part[int(step)] if step.isdigit() else part[step]
        part[name] = value
        return document

    assert examine(stage, case).unexplained == ()
    assert at in {difference.at for difference in examine(stage, case, read).unexplained}


def test_a_body_that_differs_is_made_small(stage: Stage) -> None:
    def read(asked: bytes) -> dict[str, Any]:
        document = read_document(asked)
        document["facts"]["capabilities"]["add"] = []
        return document

    case = _create(CapAdd=["CHOWN", "NET_ADMIN"], Dns=["1.1.1.1"], ReadonlyRootfs=True)

    small, differences = shrink(stage, case, read)

    assert small.document.encode() == b'{"Image":"busybox","HostConfig":{"CapAdd":["NET_ADMIN"]}}'
    assert [difference.at for difference in differences] == ["facts.capabilities"]
