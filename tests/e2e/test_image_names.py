"""Images come from listed registries, whatever they are called here, and dockerd asks no other registry.

On the newest engine, the first that mounts images.
"""

from collections.abc import Iterator

import pytest

from .conftest import started
from .engine import NEW, chosen_engine
from .guarded import GuardedDocker, serve
from .refusals import refusing

pytestmark = pytest.mark.e2e

FOREIGN = "registry.invalid/team/app"
NAME = "postgres:16"  # of a listed registry; every attack wants to run another image by it
LISTENER = "127.0.0.1:5999"
SITE = "/srv/site"


@pytest.fixture(scope="module")
def docker() -> Iterator[GuardedDocker]:
    """Guarded under restricted by a site that lists Docker Hub, with an image from elsewhere and a listener on the
    loopback.
    """
    with started(GuardedDocker(engine=chosen_engine() or NEW)) as docker:
        docker.do(f"""
            set -e
            docker run -d --name kept --init busybox sleep 3600
            docker exec kept touch /elsewhere
            docker commit kept {FOREIGN}:1
            mkdir -p {SITE}
            echo '{{"registries": ["docker.io"]}}' > {SITE}/site.json
            (while :; do busybox nc -l -p 5999 -s 127.0.0.1 < /dev/null >> /srv/dialled; done) > /dev/null 2>&1 &
            sleep 0.3
        """)
        docker.replace_plugin(serve("restricted", "--schemas", SITE, "--host-root", "/"))
        yield docker


def _id(docker: GuardedDocker, name: str) -> str:
    return str(docker.client.ask("GET", f"/images/{name}/json").json()["Id"]).removeprefix("sha256:")


def test_no_image_from_elsewhere_gets_a_name_in_a_listed_registry(docker: GuardedDocker) -> None:
    image, named = _id(docker, f"{FOREIGN}:1"), _id(docker, NAME)
    assert image != named

    for command in (
        f"docker tag {FOREIGN}:1 {NAME}",
        f"docker tag {image} {NAME}",
        f"docker tag {image[:6]} {NAME}",
        f"echo x > /tmp/x; docker cp /tmp/x kept:/x; docker commit kept {NAME}",
        f"tar c -C /tmp x | docker import - {NAME}",
    ):
        done = docker.shell(command)
        assert done.returncode != 0, command
        assert "image-registries" in refusing(done.stderr), done.stderr
    assert _id(docker, NAME) == named


def test_no_image_from_elsewhere_is_run_or_mounted_by_its_id(docker: GuardedDocker) -> None:
    image = _id(docker, f"{FOREIGN}:1")

    for name in (image, image[:12], image[:5], f"sha256:{image[:12]}", f"{FOREIGN}:1"):
        run = docker.client.ask("POST", "/containers/create?name=foreign", {"Image": name})
        assert "image-registries" in refusing(run.message), name
        mounts = [{"Type": "image", "Source": name, "Target": "/m"}]
        body = {"Image": NAME, "HostConfig": {"Mounts": mounts}}
        mounted = docker.client.ask("POST", "/containers/create?name=foreign", body)
        assert "image-registries" in refusing(mounted.message), name
    assert docker.client.ask("GET", "/containers/foreign/json").status == 404


def test_no_image_is_pushed_elsewhere(docker: GuardedDocker) -> None:
    assert refusing(docker.shell(f"docker push {FOREIGN}:1").stderr) == ["image-registries"]
    assert "image-registries" not in refusing(docker.shell(f"docker push {NAME}").stderr)


def test_images_of_listed_registries_and_names_of_ones_own_can_be_given(docker: GuardedDocker) -> None:
    for command in (
        f"docker tag {NAME} postgres:production",
        f"docker tag {_id(docker, NAME)[:12]} app:1",
        f"docker tag {FOREIGN}:1 {FOREIGN}:2",
    ):
        done = docker.shell(command)
        assert (done.returncode, done.stderr) == (0, ""), command
    assert "image-registries" not in refusing(docker.shell("docker commit kept snapshots.invalid/kept:1").stderr)
    mounts = [{"Type": "image", "Source": NAME, "Target": "/m"}]
    answer = docker.client.ask("POST", "/containers/create", {"Image": NAME, "HostConfig": {"Mounts": mounts}})
    assert "image-registries" not in refusing(answer.message)


def test_a_hexadecimal_name_with_its_tag_is_a_name(docker: GuardedDocker) -> None:
    answer = docker.client.ask("POST", "/containers/create?name=cafe", {"Image": "cafe:latest"})

    assert "image-registries" not in refusing(answer.message)


def test_dockerd_asks_no_registry_that_is_not_listed(docker: GuardedDocker) -> None:
    inspected = docker.client.ask("GET", f"/distribution/{LISTENER}/a/json")
    searched = docker.client.ask("GET", f"/images/search?term={LISTENER}/a")
    pulled = docker.client.ask("POST", f"/images/create?fromImage={LISTENER}/a&tag=1")

    assert [refusing(answer.message) for answer in (inspected, searched, pulled)] == [["image-registries"]] * 3
    assert docker.shell("cat /srv/dialled").stdout == ""


@pytest.mark.parametrize("path", ["/distribution/busybox/json", "/images/search?term=busybox"])
def test_a_listed_registry_is_asked(docker: GuardedDocker, path: str) -> None:
    assert refusing(docker.client.ask("GET", path).message) == []
