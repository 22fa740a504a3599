"""A request for GPUs reaches CDI devices of the host by their names; Docker 29 alone does so."""

from collections.abc import Iterator

import pytest

from .conftest import started
from .engine import FOLDERS
from .guarded import GuardedDocker, serve, stub
from .refusals import refusing

pytestmark = pytest.mark.e2e

SITE = "/srv/site"
# What `nvidia-ctk cdi generate` and the package of its hook leave, and a device of another vendor.
DEVICES = f"""
set -e
mkdir -p {SITE} /etc/cdi
echo '{{"device-drivers": ["gpu", "nvidia"]}}' > {SITE}/site.json
printf '#!/bin/sh\\n' > /usr/local/bin/nvidia-cdi-hook
chmod +x /usr/local/bin/nvidia-cdi-hook
echo canary > /srv/canary
cat > /etc/cdi/nvidia.json <<'END'
{{"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu",
  "devices": [{{"name": "all", "containerEdits": {{"env": ["GPU=all"]}}}},
              {{"name": "0", "containerEdits": {{"env": ["GPU=0"]}}}}]}}
END
cat > /etc/cdi/other.json <<'END'
{{"cdiVersion": "0.5.0", "kind": "example.com/disk", "devices": [{{"name": "one", "containerEdits": {{
  "mounts": [{{"hostPath": "/srv/canary", "containerPath": "/canary", "options": ["bind"]}}]}}}}]}}
END
"""
OTHER = "docker run --rm --gpus device=example.com/disk=one busybox cat /canary"
GPUS = ("all", "device=0", "device=nvidia.com/gpu=0")


@pytest.fixture(scope="module")
def docker() -> Iterator[GuardedDocker]:
    with started(GuardedDocker(engine=FOLDERS["29.7"])) as docker:
        docker.do(DEVICES)
        # dockerd looks for the hook when it starts.
        docker.restart_dockerd()
        yield docker


def test_without_the_plugin_gpus_brings_a_device_of_any_vendor(docker: GuardedDocker) -> None:
    with docker.guarded_by(stub("allow")):
        assert docker.do(OTHER) == "canary\n"


def test_where_gpus_are_listed_they_are_given_and_no_other_device_is(docker: GuardedDocker) -> None:
    with docker.guarded_by(serve("baseline", "--schemas", SITE, "--host-root", "/")):
        for gpus in GPUS:
            assert "GPU=" in docker.do(f"docker run --rm --gpus {gpus} busybox env")
        for command in (OTHER, OTHER.replace("--gpus ", "--gpus driver=nvidia,")):
            assert "device-drivers" in refusing(docker.shell(command).stderr), command
