"""Links that are short each, and lead to a place whose path is too long for anybody but the kernel to name."""

import pytest

from .guarded import GuardedDocker
from .refusals import refusing

pytestmark = pytest.mark.e2e

# What whoever may write to /srv/data (which baseline allows) can do from a container.
CHAIN = r"""set -e; mkdir -p /srv/data; cd /srv/data
name=$(printf 'd%.0s' $(seq 200)); long=$name; for i in $(seq 14); do long=$long/$name; done
mkdir -p "$long" "made/$long"; ln -s / "made/$long/root"; ln -s "$long" first
mv made "$long/made"; ln -s "made/$long" "$long/second"
cat first/second/root/etc/hostname > /dev/null; stat -L -c %i / first/second/root"""
SOURCE = "/srv/data/first/second/root"


@pytest.mark.parametrize("below", ["", "/run", "/etc/docker"])
def test_a_place_that_only_the_kernel_can_walk_to_is_not_mounted(docker: GuardedDocker, below: str) -> None:
    root, reached = docker.shell(f"rm -rf /srv/data/*; {CHAIN}").stdout.split()[-2:]
    assert root == reached

    mount = {"Type": "bind", "Source": SOURCE + below, "Target": "/x"}
    for said in ({"Binds": [f"{SOURCE}{below}:/x"]}, {"Mounts": [mount]}):
        answer = docker.client.ask("POST", "/containers/create", {"Image": "busybox", "HostConfig": said})
        assert "host-paths-seen" in refusing(answer.message)
    volume = {"DriverOpts": {"type": "none", "o": "bind", "device": SOURCE + below}}
    assert "host-paths-seen" in refusing(docker.client.ask("POST", "/volumes/create", volume).message)
    docker.shell("rm -rf /srv/data/*")
