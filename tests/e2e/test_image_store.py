"""containerd's image store, which new data roots of Docker 29 have: what people do with images, and what rules see.

On the newest engine. IDs there are digests of manifests and lists of manifests, not of the image's configuration.
"""

import json
from collections.abc import Iterator

import pytest

from .conftest import started
from .engine import NEW, chosen_engine
from .guarded import GuardedDocker, serve
from .refusals import refusing

pytestmark = pytest.mark.e2e

WORK = (
    "docker save busybox | docker load",
    "tar c -C /tmp made | docker import - made:imported && docker tag made:imported made:tagged",
    "docker commit kept made:committed && docker run --rm made:committed cat /elsewhere",
    "docker run --rm --platform linux/amd64 busybox true",
    "docker run --rm $(docker image ls --no-trunc --quiet busybox:latest) true",
    # In dockerd's own store only images from a registry have a digest.
    "digests=$(docker image inspect --format '{{join .RepoDigests \" \"}} busybox' busybox);"
    "set -- $digests; docker run --rm $1 true",
    "docker image ls --digests --tree; docker history busybox; docker system df --verbose; docker image prune --force",
    "docker rmi made:imported made:tagged made:committed",
)


@pytest.fixture(scope="module")
def docker() -> Iterator[GuardedDocker]:
    """With a container that was changed, and an image that runs as user 1000."""
    with started(GuardedDocker(engine=chosen_engine() or NEW)) as docker:
        docker.do("echo x > /tmp/made; docker run -d --name kept --init busybox sleep 3600")
        docker.do("docker exec kept sh -c 'echo text > /elsewhere'; docker commit --change 'USER 1000' kept user:1")
        yield docker


def find_id(docker: GuardedDocker, name: str) -> str:
    return str(docker.client.get(f"/images/{name}/json")["Id"])


@pytest.mark.parametrize("command", WORK)
def test_harmless_work_with_images_is_allowed(docker: GuardedDocker, command: str) -> None:
    with docker.nothing_refused():
        docker.do(command)


def test_an_image_is_the_same_by_name_digest_id_and_the_beginning_of_an_id(docker: GuardedDocker) -> None:
    image = find_id(docker, "user:1")
    digits = image.removeprefix("sha256:")
    is_containerds = "io.containerd.snapshotter" in str(docker.client.get("/info")["DriverStatus"])
    assert docker.client.ask("GET", f"/images/{digits[:3]}/json").status == (404 if is_containerds else 200)
    limits = {"Memory": 64 << 20, "MemorySwap": 64 << 20, "NanoCpus": 10**9, "PidsLimit": 100}
    with docker.guarded_by(serve("restricted")):
        for name in ("user:1", image, digits, digits[:12], digits[:4], f"user@{image}"):
            own = docker.client.ask("POST", "/containers/create", {"Image": name, "HostConfig": limits})
            root = docker.client.ask("POST", "/containers/create", {"Image": name, "User": "0", "HostConfig": limits})
            assert own.status == 403, name
            assert "non-root-user" not in refusing(own.message), f"{name}: {own.message}"
            assert "non-root-user" in refusing(root.message), name


def test_scan_finds_the_image_of_a_container_by_what_the_container_names(docker: GuardedDocker) -> None:
    image = find_id(docker, "user:1")
    docker.do(f"docker create --name mine {image[7:19]} true")
    assert docker.client.get("/containers/mine/json")["Image"] == image

    scanned = json.loads(docker.portero("scan", "--profile", "restricted", "--json").stdout)

    violated = {one["name"]: {each["rule"] for each in one["violations"]} for one in scanned["objects"]}
    assert ("non-root-user" in violated["kept"], "non-root-user" in violated["mine"]) == (True, False)
