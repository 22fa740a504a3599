"""A registry with TLS and a login on a throw-away host, images in it, and cosign to sign them."""

import base64
import json
import shutil
from typing import Any

from portero.decide.images.record import ACCEPTED, compute_digest
from tests.tools.registries.docker_registry import CONFIG, HTPASSWD

from .guarded import GuardedDocker
from .host import Process

PORT = 5000
REGISTRY = f"localhost:{PORT}"
FOLDER = "/srv/registry"
LOGIN = base64.b64encode(b"alice:wonderland").decode()
CA = f"{FOLDER}/cert.pem"
MISSING = [name for name in ("cosign", "docker-registry") if shutil.which(name) is None]


class SigningRegistry:
    """Runs beside a guarded dockerd, which is logged in there."""

    def __init__(self, docker: GuardedDocker, host: str = "localhost", port: int = PORT) -> None:
        self.docker, self.name = docker, host if port == 443 else f"{host}:{port}"
        docker.shell(f"mkdir -p {FOLDER} /home/operator/.docker")
        docker.host.path(f"{FOLDER}/htpasswd").write_text(HTPASSWD)
        docker.host.path(f"{FOLDER}/config.yml").write_text(CONFIG.format(folder=FOLDER, port=port))
        for file in ("/home/operator/.docker/config.json", f"{FOLDER}/login.json"):
            docker.write_json(file, {"auths": {self.name: {"auth": LOGIN}}})
            docker.host.path(file).chmod(0o600)
        docker.do(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
            f" -addext subjectAltName=DNS:{host} -keyout {FOLDER}/key.pem -out {CA} 2>&1"
        )
        self.start()

    def start(self) -> None:
        self.process = Process(self.docker.host, "registry", ["docker-registry", "serve", f"{FOLDER}/config.yml"])
        self.docker.callback(self.process.stop)
        self.process.wait_for(lambda: self._curl("-o /dev/null -w '%{http_code}'", "").strip() == "200")

    def _curl(self, options: str, path: str, stdin: bytes | None = None) -> str:
        command = f"curl -s --cacert {CA} -u alice:wonderland {options} https://{self.name}/v2/{path}"
        return self.docker.shell(command, stdin=stdin).stdout

    def get(self, path: str) -> bytes:
        return self._curl(f"-H 'Accept: {ACCEPTED}'", path).encode()

    def put_blob(self, repository: str, data: bytes) -> None:
        head = self._curl("-X POST -D - -o /dev/null", f"{repository}/blobs/uploads/")
        (place,) = [line.split(": ", 1)[1].strip() for line in head.splitlines() if line.lower().startswith("location")]
        done = self.docker.shell(
            f"curl -s --cacert {CA} -u alice:wonderland -X PUT -H 'Content-Type: application/octet-stream'"
            f" --data-binary @- -w '%{{http_code}}' '{place}&digest={compute_digest(data)}'",
            stdin=data,
        )
        assert done.stdout.endswith("201"), done.stdout

    def put(self, repository: str, reference: str, manifest: bytes) -> str:
        kind = json.loads(manifest)["mediaType"]
        path = f"{repository}/manifests/{reference}"
        said = self._curl(f"-X PUT -H 'Content-Type: {kind}' --data-binary @- -w '%{{http_code}}'", path, manifest)
        assert said.endswith("201"), said
        return compute_digest(manifest)

    def push(self, repository: str, mark: str) -> Any:
        """Build an image on a host and push it as an index of two platforms, so that the daemon has it no more.

        Its digests: of the index, of this host's manifest, and of the configuration.
        """
        name = f"{self.name}/{repository}:{mark}"
        self.docker.do(
            f"docker create --name made busybox sleep 3600 && docker commit -c 'LABEL mark={mark}' made {name}"
            f" && docker rm made && docker push -q {name} && docker rmi {name}"
        )
        manifest = self.get(f"{repository}/manifests/{mark}")
        if "manifests" in json.loads(manifest):
            manifest = self.get(f"{repository}/manifests/{json.loads(manifest)['manifests'][0]['digest']}")
        config = json.loads(manifest)["config"]["digest"]
        other = manifest + b"\n"
        self.put(repository, compute_digest(other), other)
        listed = [
            {
                "mediaType": json.loads(manifest)["mediaType"],
                "digest": compute_digest(each),
                "size": len(each),
                "platform": {"os": "linux", "architecture": architecture},
            }
            for each, architecture in ((manifest, "amd64"), (other, "s390x"))
        ]
        kind = "application/vnd.oci.image.index.v1+json"
        index = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": listed}).encode()
        self.put(repository, mark, index)
        return {"index": compute_digest(index), "manifest": compute_digest(manifest), "config": config, "text": index}

    def cosign(self, *words: str) -> str:
        environment = f"COSIGN_PASSWORD= COSIGN_EXPERIMENTAL=1 SSL_CERT_FILE={CA} DOCKER_CONFIG=/home/operator/.docker"
        return self.docker.do(f"cd {FOLDER} && {environment} cosign {' '.join(words)} 2>&1")

    def make_key(self, name: str) -> bytes:
        """A pair of keys of cosign; the public one."""
        self.cosign("generate-key-pair", f"--output-key-prefix={name}")
        return self.docker.host.path(f"{FOLDER}/{name}.pub").read_bytes()

    def sign(self, repository: str, digest: str, *options: str, key: str = "team") -> None:
        self.cosign(
            "sign", f"--key={key}.key", "--tlog-upload=false", "-y", *options, f"{self.name}/{repository}@{digest}"
        )
