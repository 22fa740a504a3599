"""Device nodes that dockerd opens itself: the disk is read and written, unless its control group and mount close it."""

from typing import Any

import pytest

from .closed_devices import TEMPORARY, ClosedDocker, SeparateDocker, needs_device_groups
from .conftest import started
from .device_nodes import SECRET, WRITTEN, Disk, write_in_build
from .guarded import GuardedDocker, serve
from .images import import_image
from .rawhttp import Answer, exchange, render
from .refusals import refusing

pytestmark = [pytest.mark.e2e, needs_device_groups]
OFF = {"builder": {"entitlements": {"network-host": False, "security-insecure": False, "device": False}}}
ORDINARY = (
    "docker save busybox:latest | docker load",
    "docker run --name web -d busybox:latest sleep 600",
    "docker exec web sh -c 'echo x > /dev/null; head -c 3 /dev/zero'",
    "docker run --rm -t busybox:latest sh -c 'echo a terminal > /dev/tty'",
    "docker export web | docker import - imported:1 && docker run --rm imported:1 /bin/true",
    "docker cp web:/etc/group /tmp/group && docker cp /tmp/group web:/tmp/",
    "docker exec -u nobody:nogroup web true && docker commit web committed:1",
)


@pytest.fixture(params=[False, True], ids=["overlay2", "containerd"])
def store(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {**OFF, "features": {"containerd-snapshotter": request.param}}


def _send(docker: GuardedDocker, target: str, archive: bytes) -> Answer:
    return exchange(docker.socket, render("POST", target, [("Content-Type", "application/x-tar")], archive), 60)


def _attack(docker: GuardedDocker, disk: Disk) -> tuple[set[str], set[str]]:
    """Which of the attacks had their effect, and which operations were reported for device nodes."""
    before = docker.log_size()
    import_image(docker.socket, "nodes:1", disk.pack("disk", {}), 'CMD ["sh"]')
    write_in_build(docker.socket, "nodes:1", "/disk")
    effects = {"build writes"} if disk.content.startswith(WRITTEN) else set()
    # The node stands for the Dockerfile: what is no Dockerfile is repeated.
    if "unknown instruction: written" in _send(docker, "/build", disk.pack("Dockerfile", {})).text():
        effects.add("build reads")
    return effects, _reported(docker, before)


def _load(docker: GuardedDocker, disk: Disk) -> bool:
    """Whether a disk comes out again that was loaded as a layer."""
    _send(docker, "/images/load", disk.pack_image("stolen:1"))
    return SECRET.decode() in docker.shell("docker save stolen:1 | tr -d '\\0'").stdout


def _reported(docker: GuardedDocker, since: int) -> set[str]:
    return {
        line["operation"]
        for line in docker.decisions(since)
        if any(each["rule"] == "unseen-device-nodes" for each in line["violations"])
    }


def test_as_packages_start_it_dockerd_opens_the_disk(store: dict[str, Any], disk: Disk) -> None:
    with started(GuardedDocker(daemon_config=store)) as docker:
        effects, reported = _attack(docker, disk)

        assert effects == {"build writes", "build reads"}
        assert reported == {"ImageCreate", "Grpc", "ImageBuild"}

        docker.replace_plugin(serve("hardened"))
        archive = disk.pack("disk", {})
        for target in ("/images/load", "/images/create?fromSrc=-&repo=nodes&tag=2", "/build", "/build?version=2"):
            assert "unseen-device-nodes" in refusing(_send(docker, target, archive).message), target
        assert not write_in_build(docker.socket, "nodes:1", "/disk")


def test_a_layer_that_is_a_disk_comes_out_of_docker_save(disk: Disk) -> None:
    with started(GuardedDocker(daemon_config={"features": {"containerd-snapshotter": False}})) as docker:
        assert _load(docker, disk)


def test_where_devices_are_closed_no_disk_is_opened_and_people_work(store: dict[str, Any], disk: Disk) -> None:
    with started(ClosedDocker(daemon_config=store, profile="baseline")) as docker:
        effects, reported = _attack(docker, disk)

        assert (effects, reported) == (set(), set())
        assert not _load(docker, disk)
        assert disk.content.count(WRITTEN) == 0
        with docker.nothing_refused():
            for command in ORDINARY:
                docker.do(command)


def test_a_containerd_beside_dockerd_opens_no_disk_for_builds_and_loads(disk: Disk) -> None:
    """Where images lie in its store. For commits it does: test_node_swaps.py."""
    with started(SeparateDocker(closed=False)) as docker:
        effects, _ = _attack(docker, disk)

        assert effects == set()
        assert not _load(docker, disk)
        assert disk.content.count(WRITTEN) == 0


def test_where_they_are_closed_hardened_allows_loads_imports_and_builds(disk: Disk) -> None:
    with started(ClosedDocker(daemon_config=OFF, profile="hardened")) as docker:
        # Entitlements count from dockerd's start on.
        docker.restart_dockerd()
        docker.do("docker save busybox:latest | docker load")
        docker.do("tar -C /bin -c busybox | docker import - imported:1")
        import_image(docker.socket, "nodes:1", disk.pack("disk", {}), 'CMD ["sh"]')

        assert write_in_build(docker.socket, "nodes:1", "/disk")
        assert not disk.content.startswith(WRITTEN)

        # From the next start on its archives are unpacked where devices open.
        docker.do(f"umount {TEMPORARY}")
        refused = docker.shell("docker save busybox:latest | docker load")
        assert "unseen-device-nodes" in refusing(refused.stderr)
        docker.do(f"mount --bind {TEMPORARY} {TEMPORARY} && mount -o remount,bind,nodev {TEMPORARY}")
