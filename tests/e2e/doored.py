"""A guarded dockerd whose own socket is root's and the door's, with the door where clients look for it."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .dockerd import DOCKERD
from .guarded import LOG, GuardedDocker, serve
from .host import Process

POLICY = "/etc/portero/policy"
KEY, PUBLIC = "/var/lib/portero-door/key", "/run/portero-state/door.pub"
DOORS, RUN = "/run/portero-door/doors", "/run/portero"
# One that a compose file could list, and the folder of each door.
USERS = "/run/docker.sock"
# In the folder /srv/b.
BUILD = """mkdir -p /srv/b && cd /srv/b && printf 'FROM busybox\\nRUN echo built > /made\\n' > Dockerfile"""


def place(name: str) -> str:
    """The socket of a door."""
    return USERS if name == "users" else f"{DOORS}/{name}/docker.sock"


class DooredDocker(GuardedDocker):
    """`client` is at dockerd's own socket; what is typed goes through the users' door. `site`: the policy's values."""

    SOCKET = "/run/portero-door/dockerd.sock"

    def __init__(
        self,
        site: Mapping[str, Any],
        *,
        profile: str = "baseline",
        swarm: bool = False,
        engine: Path | None = None,
        options: Sequence[str] = (),
    ) -> None:
        super().__init__(profile=profile, swarm=swarm, engine=engine)
        self._site = site
        command = [*serve(profile), "--schemas", POLICY, *options]
        self._plugin_command = ["env", "PORTERO_HOST_GROUPS=web", f"RUNTIME_DIRECTORY={RUN}", *command]

    def set_up(self) -> None:
        self.shell(f"mkdir -p {RUN} {DOORS} && chmod 700 {DOORS}")
        self.write_json(f"{POLICY}/site.json", self._site)
        super().set_up()
        self.do(f"{sys.executable} -m portero door key --account root --private {KEY} --public {PUBLIC}")
        self.start_door()

    def _start_dockerd(self) -> None:
        self.run_dockerd([*DOCKERD, f"-H=unix://{self.SOCKET}"])

    def start_door(self) -> None:
        """Start it and wait until it answers."""
        names = [str(door["name"]) for door in self._site["doors"]]
        listens = [word for name in names for word in ("--listen", f"{name}={place(name)}")]
        command = [sys.executable, "-m", "portero", "door", "serve", "--dockerd", self.SOCKET, "--key", KEY, *listens]
        self.shell("mkdir -p " + " ".join(f"{DOORS}/{name}" for name in names))
        self.door = Process(self.host, "door", command)
        self.callback(self.door.stop)
        self.door.wait_for(lambda: self.shell(f"curl -s --unix-socket {USERS} http://d/_ping").stdout)
        # Anybody who reaches the folder may connect, as systemd's unit has it.
        self.do(f"chmod 666 {USERS}; chmod 666 {DOORS}/*/docker.sock || true")

    def at(self, door: str, command: str, timeout: float = 60) -> Any:
        """Type a command of docker at a door."""
        return self.shell(f"docker -H unix://{place(door)} {command}", timeout=timeout)

    def who(self, since: int) -> set[tuple[str, str]]:
        """Each user with the way that named them, of the requests that were logged since then."""
        lines = self.host.path(LOG).read_bytes()[since:].splitlines()
        return {(one["user"], one.get("identifiedBy", "")) for one in map(json.loads, lines)}
