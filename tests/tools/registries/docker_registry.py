"""A docker-registry of its own, with TLS and one user."""

import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path

# User alice, password wonderland, hashed with bcrypt.
HTPASSWD = "alice:$2b$05$abcdefghijklmnopqrstuuA0vov2GDneHB3.8.cv9UF9g.RdvScIW\n"
CONFIG = """
version: 0.1
log: {{accesslog: {{disabled: true}}, level: error}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}}}
auth: {{htpasswd: {{realm: policies, path: {folder}/htpasswd}}}}
http:
  addr: localhost:{port}
  tls: {{certificate: {folder}/cert.pem, key: {folder}/key.pem}}
"""


class Registry:
    """A docker-registry of its own, with TLS and one user."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        (folder / "htpasswd").write_text(HTPASSWD)
        (folder / "config.yml").write_text(CONFIG.format(folder=folder, port=self.port))
        words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
        own = ["-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
        subprocess.run([*words.split(), *own], check=True, capture_output=True, timeout=60)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = ["docker-registry", "serve", str(self.folder / "config.yml")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log)
        end = time.monotonic() + 60
        while time.monotonic() < end and self._process.poll() is None:
            with closing(socket.socket()) as asked:
                if asked.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise RuntimeError((self.folder / "log").read_text())

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
