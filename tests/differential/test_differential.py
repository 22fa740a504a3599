"""Generated requests: Portero reads what dockerd executes. And the comparison notices a reading that is wrong."""

from collections import Counter
from collections.abc import Callable, Iterator
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


def _set(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    """Changes what was read."""

    def change(document: dict[str, Any]) -> None:
        part: Any = document
        for step in path[:-1]:
            part = part[step]
        part[path[-1]] = to

    return change


# Each a request, a change of what Portero reads of it, and where the difference must show.
WRONG: dict[str, tuple[Case, Callable[[dict[str, Any]], None], str]] = {
    "a body that is not privileged": (
        _create(Privileged=True),
        _set("body", "HostConfig", "Privileged", to=False),
        "HostConfig.Privileged",
    ),
    "a fact that is not privileged": (
        _create(Privileged=True),
        _set("facts", "privileged", "value", to=False),
        "facts.privileged",
    ),
    "no capability": (_create(CapAdd=["sys_admin"]), _set("facts", "capabilities", "add", to=[]), "facts.capabilities"),
    "another capability": (
        _create(CapDrop=["ALL"]),
        _set("facts", "capabilities", "drop", to=[{"name": "KILL", "at": ""}]),
        "facts.capabilities",
    ),
    "no mount": (_create(Binds=["/etc:/x"]), _set("facts", "mounts", to=[]), "facts.mounts"),
    "another source": (
        _create(Binds=["/etc:/x"]),
        _set("facts", "mounts", 0, "paths", to=["/srv"]),
        "facts.mounts[HostConfig.Binds[0]].paths",
    ),
    "a mount that is not writable": (
        _create(Binds=["/etc:/x"]),
        _set("facts", "mounts", 0, "writable", to=False),
        "facts.mounts",
    ),
    "no limit of memory": (
        _create(Memory=2**27),
        _set("facts", "limits", "memory", "value", to=2**20),
        "facts.limits.memory",
    ),
    "a process namespace of its own": (
        _create(PidMode="host"),
        _set("facts", "namespaces", "pid", "mode", to="default"),
        "facts.namespaces",
    ),
    "seccomp": (
        _create(SecurityOpt=["seccomp=unconfined"]),
        _set("facts", "seccomp", "profile", to="default"),
        "facts.seccomp",
    ),
    "paths that stay masked": (
        _create(MaskedPaths=[]),
        _set("facts", "maskedPaths", "missing", to=[]),
        "facts.maskedPaths",
    ),
    "no device": (
        _create(Devices=[{"PathOnHost": "/dev/null", "PathInContainer": "/dev/n", "CgroupPermissions": "rwm"}]),
        _set("facts", "devices", to=[]),
        "facts.devices",
    ),
    "no sysctl": (
        _create(NetworkMode="none", Sysctls={"net.ipv4.ip_forward": "1"}),
        _set("facts", "sysctls", to=[]),
        "facts.sysctls",
    ),
    "no group": (_create(GroupAdd=["docker"]), _set("facts", "groups", to=[]), "facts.groups"),
    "the usual cgroup": (
        _create(CgroupParent="/x"),
        _set("facts", "cgroupParent", "value", to=""),
        "facts.cgroupParent",
    ),
    "a name that is not read": (
        _create(Dns=["1.1.1.1"]),
        _set("body", "HostConfig", "Dns", to=None),
        "HostConfig.Dns",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_reading_is_noticed(stage: Stage, wrong: str) -> None:
    case, change, at = WRONG[wrong]

    def read(asked: bytes) -> dict[str, Any]:
        document = read_document(asked)
        change(document)
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
