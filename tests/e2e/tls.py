"""Certificates of `portero certs`, so that a throw-away dockerd knows its clients by name."""

import sys

from .host import ThrowAwayHost

SERVER = "docker.example.com"
CLIENT = "operator"
PORT = 2376
FOLDER = "/etc/docker/tls"
AUTHORITY = f"{FOLDER}/ca.pem"
_CERTS = f"{sys.executable} -m portero certs"
# The docker command line looks for its own in ~/.docker.
_SCRIPT = f"""
set -e
{_CERTS} ca {FOLDER}
{_CERTS} server {FOLDER} --host {SERVER}
{_CERTS} client {FOLDER} --user {CLIENT}
mkdir -p ~/.docker && cp {FOLDER}/{CLIENT}/*.pem ~/.docker/
echo '127.0.0.1 {SERVER}' >> /etc/hosts
"""
OPTIONS = (
    *(f"-H=tcp://127.0.0.1:{PORT}", "--tlsverify", f"--tlscacert={FOLDER}/{SERVER}/ca.pem"),
    *(f"--tlscert={FOLDER}/{SERVER}/cert.pem", f"--tlskey={FOLDER}/{SERVER}/key.pem"),
)


def prepare(host: ThrowAwayHost) -> None:
    """Make the certificates and tell the host the daemon's name."""
    _run(host, _SCRIPT)


def issue(host: ThrowAwayHost, user: str, group: str) -> None:
    """Make a certificate for another user, with a group."""
    _run(host, f"{_CERTS} client {FOLDER} --user {user} --group {group}")


def client(user: str) -> str:
    """The environment in which every client of Docker uses that certificate on TLS."""
    return f"DOCKER_HOST=tcp://{SERVER}:{PORT} DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH={FOLDER}/{user}"


def _run(host: ThrowAwayHost, command: str) -> None:
    done = host.run(["bash", "-c", command])
    if done.returncode != 0:
        raise RuntimeError(f"no certificates were made: {done.stderr}")
