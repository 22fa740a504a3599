"""Images come from listed registries, however they are named, and dockerd asks no other registry."""

from collections.abc import Iterator

import pytest

from .guarded import GuardedDocker, serve
from .refusals import refusing

pytestmark = pytest.mark.e2e

FOREIGN = "registry.invalid/team/app"
LISTENER = "127.0.0.1:5999"
SITE = "/srv/site"


@pytest.fixture(scope="module")
def docker(own_docker: GuardedDocker) -> Iterator[GuardedDocker]:
    """Guarded by a site that lists Docker Hub, with an image from elsewhere and a listener on the loopback."""
    own_docker.client.ask("POST", f"/images/nginx:1.27/tag?repo={FOREIGN}&tag=1")
    own_docker.shell(f"""
        mkdir -p {SITE}
        echo '{{"registries": ["docker.io"], "actions": {{"image-registries": "deny"}}}}' > {SITE}/site.json
        (while :; do busybox nc -l -p 5999 -s 127.0.0.1 < /dev/null >> /srv/dialled; done) > /dev/null 2>&1 &
        sleep 0.3
    """)
    with own_docker.guarded_by(serve("hardened", "--schemas", SITE, "--host-root", "/")):
        yield own_docker


def test_the_beginning_of_an_id_is_no_name_in_a_listed_registry(docker: GuardedDocker) -> None:
    image = docker.client.ask("GET", f"/images/{FOREIGN}:1/json").json()["Id"].removeprefix("sha256:")

    for name in (image[:12], image[:5], f"sha256:{image[:12]}"):
        refused = docker.client.ask("POST", "/containers/create?name=foreign", {"Image": name})
        assert "image-registries" in refusing(refused.message), name
    assert docker.client.ask("GET", "/containers/foreign/json").status == 404


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
