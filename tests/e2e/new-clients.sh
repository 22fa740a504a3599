# What the clients that are recorded work on (record_clients.py).
set -e
mkdir -p /srv/new /srv/www && cd /srv/new
printf 'FROM busybox\nRUN echo built > /made\n' > Dockerfile
echo 'target "default" { tags = ["made:bake"] }' > docker-bake.hcl
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
volumes: {data: {}}
networks: {front: {}}
YAML
cat > client.py <<'PYTHON'
import docker

client = docker.from_env()
network = client.networks.create("py", driver="bridge", labels={"made": "by hand"})
volume = client.volumes.create("py")
web = client.containers.run(
    "busybox", ["sleep", "3600"], name="py", detach=True, init=True, mem_limit="64m", network="py",
    volumes={"py": {"bind": "/data", "mode": "rw"}}, cap_drop=["ALL"], read_only=True,
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
