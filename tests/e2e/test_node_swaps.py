"""Nodes that a container puts in a file's way: each copy opens the disk, unless devices are closed to dockerd."""

import json
from typing import Any

import pytest

from .closed_devices import ClosedDocker, SeparateDocker, needs_device_groups
from .conftest import started
from .device_nodes import Disk
from .guarded import GuardedDocker, serve
from .node_swaps import SwappingContainer
from .refusals import refusing
from .test_device_nodes import ORDINARY

pytestmark = [pytest.mark.e2e, needs_device_groups]
COPIES = {
    "docker cp web:/etc/group -": "`docker exec web tar -cC FOLDER FILE | tar -x`",
    "docker cp /etc/group web:/tmp/": "`tar -c FILE | docker exec -i web tar -xC FOLDER`",
    "docker export -o /tmp/web.tar web": "`docker exec web tar -cC / FOLDER > FILE`",
    "docker commit web copied:1": "build on a separate machine, push, and docker pull here",
}
# As refusals say it.
INSTEAD = (
    "cd /tmp && docker exec web tar -cC /etc group | tar -x && grep -q nogroup group",
    "cd /tmp && tar -c group | docker exec -i web tar -xC /tmp && docker exec web grep -q nogroup /tmp/group",
    "docker exec web tar -cC / etc > /tmp/etc.tar && tar -tf /tmp/etc.tar | grep -q etc/group",
)


@pytest.fixture(params=[False, True], ids=["overlay2", "containerd"])
def store(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {"features": {"containerd-snapshotter": request.param}}


def test_as_packages_start_it_each_copy_opens_the_disk_and_hardened_refuses_it(
    store: dict[str, Any], disk: Disk
) -> None:
    with started(GuardedDocker(daemon_config=store)) as docker:
        before = docker.log_size()
        opened = SwappingContainer(docker, disk).attack(tries=60)
        reported = [line["operation"] for line in docker.decisions(before) if line["violations"]]

        assert opened == {"ContainerArchive", "ContainerExport", "ImageCommit", "PutContainerArchive"}
        assert opened <= {*reported}

        docker.replace_plugin(serve("hardened"))
        for copy, instead in COPIES.items():
            refused = docker.shell(copy).stderr
            assert refusing(refused) == ["unseen-device-nodes"], copy
            assert instead in " ".join(refused.split())
            assert "portero devices close" in " ".join(refused.split())
        with docker.nothing_refused():
            for command in INSTEAD:
                docker.do(command)


def test_where_devices_are_closed_no_copy_opens_the_disk_and_hardened_allows_it(
    store: dict[str, Any], disk: Disk
) -> None:
    with started(ClosedDocker(daemon_config=store)) as docker:
        assert SwappingContainer(docker, disk).attack(tries=4) == set()

        docker.replace_plugin(serve("hardened"))
        with docker.nothing_refused():
            for copy in COPIES:
                docker.do(copy)


@pytest.mark.parametrize("closed", [False, True], ids=["as packages start it", "closed"])
def test_a_commit_opens_the_disk_where_a_containerd_beside_dockerd_may(disk: Disk, *, closed: bool) -> None:
    with started(SeparateDocker(closed=closed)) as docker:
        found = docker.portero("host", "--profile", "hardened", "--json").stdout
        assert json.loads(found)["host"]["builds"]["containerdAccess"]["value"] == ("closed" if closed else "open")

        assert SwappingContainer(docker, disk).attack(tries=4 if closed else 60) == (
            set() if closed else {"ImageCommit"}
        )
        # What people do works.
        for command in ORDINARY:
            docker.do(command.replace("web", "other"))

        docker.replace_plugin(serve("hardened"))
        for copy in COPIES:
            refused = docker.shell(copy).stderr
            assert refusing(refused) == (["unseen-device-nodes"] if not closed and "commit" in copy else []), copy


def test_a_containerd_beside_dockerd_does_not_count_where_dockerd_has_its_own_store() -> None:
    with started(SeparateDocker(closed=False, has_store=False)) as docker:
        docker.do("docker run -d --name web busybox sleep 1000")
        docker.replace_plugin(serve("hardened"))
        with docker.nothing_refused():
            for copy in COPIES:
                docker.do(copy)


def test_a_commit_reads_files_of_root_by_their_paths(disk: Disk) -> None:
    with started(GuardedDocker()) as docker:
        assert SwappingContainer(docker, disk).hands_out("/root/kept", tries=60)
