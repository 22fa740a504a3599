"""A container's program that answers dockerd as a volume, log and IPAM plugin, played by the test itself.

The socket is made in the container's own file system, through the mounts that it has: a read-only mount or a refused
container leaves nothing to listen on.
"""

import contextlib
import json
import os
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler
from pathlib import Path, PurePosixPath
from socketserver import ThreadingUnixStreamServer
from typing import Any

KINDS = ("VolumeDriver", "LogDriver", "IpamDriver", "NetworkDriver")
# Whatever is asked for lies at the host's /.
ANSWERS: dict[str, Any] = {
    "/VolumeDriver.Mount": {"Mountpoint": "/"},
    "/VolumeDriver.Path": {"Mountpoint": "/"},
    "/VolumeDriver.List": {"Volumes": []},
    "/VolumeDriver.Capabilities": {"Capabilities": {"Scope": "local"}},
    "/IpamDriver.GetCapabilities": {},
    "/NetworkDriver.GetCapabilities": {"Scope": "local"},
}


class StubPlugin:
    """Listens on `path` of the container whose files are seen at `root`; `calls`: the paths that dockerd posted to.

    `kinds`: what it says that it is.
    """

    def __init__(self, root: Path, path: str, kinds: Sequence[str] = KINDS) -> None:
        self.calls: list[str] = []
        self._name = PurePosixPath(path).name
        # The path may be longer than a socket's address: its folder is held open instead.
        self._folder = os.open(f"{root}{PurePosixPath(path).parent}", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        calls = self.calls

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                calls.append(self.path)
                asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
                answer = ANSWERS.get(self.path, {"Err": ""})
                if self.path == "/Plugin.Activate":
                    answer = {"Implements": [*kinds]}
                if self.path == "/VolumeDriver.Get":
                    answer = {"Volume": {"Name": asked.get("Name", ""), "Mountpoint": "/"}}
                data = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *words: Any) -> None:
                pass

        try:
            self._server = ThreadingUnixStreamServer(f"/proc/self/fd/{self._folder}/{self._name}", Handler)
        except OSError:
            os.close(self._folder)
            raise
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        with contextlib.suppress(OSError):  # the sequence may have removed it
            os.unlink(self._name, dir_fd=self._folder)
        os.close(self._folder)
