"""Records what clients of the newest engine send, with Portero's own recorder, into tests/captures/new.jsonl.gz.

usage: python -m tests.e2e.record_clients     (as root, after make engines; prints a line of index.tsv for each case)
"""

import gzip
import json
import sys

from tests.paths import CAPTURES

from .engine import NEW
from .guarded import GuardedDocker, serve
from .host import missing

PYTHON = sys.executable  # it has the package docker
RECORDING = "/var/log/requests.jsonl"
FOLDER = "/srv/new"
FILES = f"""
set -e
mkdir -p {FOLDER} /srv/www && cd {FOLDER}
printf 'FROM busybox\\nRUN echo built > /made\\n' > Dockerfile
echo 'target "default" {{ tags = ["made:bake"] }}' > docker-bake.hcl
cat > compose.yaml <<'YAML'
services:
  web:
    image: nginx:1.27
    init: true
    read_only: true
    volumes: ["data:/data", "/srv/www:/www:ro"]
    networks: [front]
    depends_on: [cache]
  cache:
    image: redis:7
    command: sleep 3600
    networks: [front]
  made:
    build: .
    image: made:compose
    profiles: [build]
volumes: {{data: {{}}}}
networks: {{front: {{}}}}
YAML
cat > client.py <<'PYTHON'
import docker

client = docker.from_env()
network = client.networks.create("py", driver="bridge", labels={{"made": "by hand"}})
volume = client.volumes.create("py")
web = client.containers.run(
    "busybox", ["sleep", "3600"], name="py", detach=True, init=True, mem_limit="64m", network="py",
    volumes={{"py": {{"bind": "/data", "mode": "rw"}}}}, cap_drop=["ALL"], read_only=True,
)
web.exec_run(["id", "-u"])
web.update(mem_limit="32m", memswap_limit="32m")
web.logs()
client.images.get("busybox").tag("py", "1")
client.images.remove("py:1")
web.remove(force=True, v=True)
volume.remove()
network.remove()
PYTHON
"""
CASES = {
    "compose-up": "docker compose up -d --quiet-pull",
    "compose-exec": "docker compose exec -T cache id -u",
    "compose-scale": "docker compose up -d --scale cache=2",
    "compose-down": "docker compose down -v",
    "compose-build": "docker compose --profile build build",
    "docker-build": "docker build -t made:docker .",
    "buildx-build": "docker buildx build -t made:buildx .",
    "buildx-bake": "docker buildx bake -f docker-bake.hcl",
    "image-mount": "docker run --rm --mount type=image,source=busybox,target=/m busybox true",
    "image-mount-subpath": "docker run --rm --mount type=image,source=busybox,target=/m,image-subpath=bin busybox true",
    "volume-subpath": "docker volume create sub && docker run --rm -v sub:/s busybox mkdir /s/a && "
    "docker run --rm --mount type=volume,source=sub,target=/m,volume-subpath=a busybox true",
    "gateway-mode": "docker network create -o com.docker.network.bridge.gateway_mode_ipv4=nat-unprotected open",
    "endpoint-sysctls": "docker network create calm && docker run --rm --network "
    "'name=calm,\"driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1\"' busybox true",
    "writable-cgroups": "docker run --rm --security-opt writable-cgroups=true busybox true",
    "network-without-ipv4": "docker network create --ipv4=false --ipv6 six",
    "pull-platform": "docker pull --platform linux/arm64 registry.invalid/app:1",
    "image-inspect-platform": "docker image inspect --platform linux/amd64 busybox",
    "image-tree": "docker image ls --tree",
    "docker-py": f"DOCKER_HOST=unix:///run/docker.sock {PYTHON} client.py",
}


def main() -> None:
    if reason := missing(NEW):
        sys.exit(reason)
    with GuardedDocker(engine=NEW) as docker, gzip.open(CAPTURES / "new.jsonl.gz", "wt", encoding="utf-8") as file:
        assert docker.shell(FILES).returncode == 0
        docker.replace_plugin(["env", f"PORTERO_RECORD={RECORDING}", *serve("baseline", "--mode", "audit")])
        recording = docker.host.path(RECORDING)
        for case, command in CASES.items():
            before = recording.stat().st_size if recording.exists() else 0
            done = docker.shell(command, cwd=FOLDER, timeout=100)
            lines = [json.loads(line) for line in recording.read_bytes()[before:].splitlines()]
            for line in lines:
                print(json.dumps({"phase": "req", "case": f"new/{case}", "envelope": line["envelope"]}), file=file)
            print(f"new/{case}", command.replace(PYTHON, "python3"), len(lines), done.returncode, sep="\t")
            if done.returncode:
                print(done.stderr[-300:], file=sys.stderr)


if __name__ == "__main__":
    main()
