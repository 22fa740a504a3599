"""A container's program that answers dockerd as a volume, log and IPAM plugin, played by the test itself.

The socket is made in the container's own file system, through the mounts that it has: a read-only mount or a refused
container leaves nothing to listen on.
"""

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from tests.unix_server import Handler, responding

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
        self._kinds = kinds
        self._serving = responding(f"/proc/self/fd/{self._folder}/{self._name}", self._respond)
        try:
            self._serving.__enter__()
        except OSError:
            os.close(self._folder)
            raise

    def _respond(self, handler: Handler) -> None:
        self.calls.append(handler.path)
        asked = json.loads(handler.posted() or "{}")
        answer = ANSWERS.get(handler.path, {"Err": ""})
        if handler.path == "/Plugin.Activate":
            answer = {"Implements": [*self._kinds]}
        if handler.path == "/VolumeDriver.Get":
            answer = {"Volume": {"Name": asked.get("Name", ""), "Mountpoint": "/"}}
        handler.reply(answer)

    def end(self) -> None:
        self._serving.__exit__(None, None, None)
        with contextlib.suppress(OSError):  # the sequence may have removed it
            os.unlink(self._name, dir_fd=self._folder)
        os.close(self._folder)
