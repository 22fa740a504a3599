"""Certificates of a throw-away authority, so that a throw-away dockerd knows its clients by name."""

from .host import ThrowAwayHost

SERVER = "docker.example.com"
CLIENT = "operator"
_FOLDER = "/etc/docker/tls"
AUTHORITY = f"{_FOLDER}/ca.pem"
# The docker command line looks for its own in ~/.docker.
_SCRIPT = f"""
set -e
mkdir -p {_FOLDER} ~/.docker && cd {_FOLDER}
new="openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
$new -x509 -days 2 -subj /CN=authority -keyout ca-key.pem -out ca.pem
signed() {{
  $new -subj "/CN=$2" -keyout "$1-key.pem" -out "$1.csr"
  openssl x509 -req -days 2 -in "$1.csr" -CA ca.pem -CAkey ca-key.pem -CAcreateserial -extfile "$1.ext" -out "$1.pem"
}}
echo 'subjectAltName=DNS:{SERVER}' > server.ext
echo 'extendedKeyUsage=clientAuth' > client.ext
signed server {SERVER}
signed client {CLIENT}
cp ca.pem ~/.docker/ca.pem; cp client.pem ~/.docker/cert.pem; cp client-key.pem ~/.docker/key.pem
echo '127.0.0.1 {SERVER}' >> /etc/hosts
"""
_ISSUE = """
set -e
cd {folder}
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/O={group}/CN={user}" \\
  -keyout {user}-key.pem -out {user}.csr
openssl x509 -req -days 2 -in {user}.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -extfile client.ext \\
  -out {user}.pem
"""
OPTIONS = (
    "-H=tcp://127.0.0.1:2376",
    "--tlsverify",
    f"--tlscacert={_FOLDER}/ca.pem",
    f"--tlscert={_FOLDER}/server.pem",
    f"--tlskey={_FOLDER}/server-key.pem",
)


def prepare(host: ThrowAwayHost) -> None:
    """Make the certificates and tell the host the daemon's name."""
    done = host.run(["bash", "-c", _SCRIPT])
    if done.returncode != 0:
        raise RuntimeError(f"no certificates were made: {done.stderr}")


def issue(host: ThrowAwayHost, user: str, group: str) -> None:
    """Make a certificate for another user, with a group."""
    done = host.run(["bash", "-c", _ISSUE.format(folder=_FOLDER, user=user, group=group)])
    if done.returncode != 0:
        raise RuntimeError(f"no certificate was made: {done.stderr}")


def client_options(user: str) -> str:
    """The options with which docker uses that certificate on TLS."""
    pair = f"--tlscert {_FOLDER}/{user}.pem --tlskey {_FOLDER}/{user}-key.pem"
    return f"-H tcp://{SERVER}:2376 --tlsverify --tlscacert {AUTHORITY} {pair}"
