"""The stage of all sequences: one throw-away host with canaries, users and dockerd, and a guard that can be changed."""

import io
import tarfile
from collections.abc import Sequence

from tests.e2e import guarded
from tests.e2e.guarded import GuardedDocker
from tests.e2e.images import busybox, import_image
from tests.waiting import wait_until

from .canaries import HERE, LOG, POLICY, Canaries
from .play import PLUGIN_LOADED, Played, Player
from .steps import Step

# A site's own lists: one folder that containers may write to, and folders that hold more than their names tell.
SITE = {
    "bind-sources-writable": ["/srv/app"],
    "bind-sources-read-only": ["/usr/share/zoneinfo", "/home", "/srv/www", "/srv/share", "/srv/tools", "/srv/vols"],
    "registries": ["registry.example.com/team"],
}
UNGUARDED = "none"


def serve(profile: str) -> list[str]:
    """The command that starts this checkout's plugin as a site would, with a policy folder and a log of its own."""
    return guarded.serve(profile, "--log", LOG, "--host-root", "/", "--schemas", POLICY)


class Stage:
    """`with Stage() as stage: stage.guard("hardened"); stage.play(steps)`. Profile `none`: dockerd without a guard."""

    def __enter__(self) -> "Stage":
        self._profile = UNGUARDED
        self._up()
        return self

    def __exit__(self, *_: object) -> None:
        self._down()

    def _up(self) -> None:
        self._docker = GuardedDocker(swarm=True)
        self._docker.__enter__()
        self.canaries = Canaries(self._docker.host)
        try:
            self._docker.unguard()
            self._docker.stop_plugin()
            self._docker.shell(
                "mkdir -p /srv/logs /srv/policy; printf 'alicia:x:1000:1000::/home/alicia:/bin/sh\\n"
                "bruno:x:1001:1001::/home/bruno:/bin/sh\\n' >> /etc/passwd"
            )
            self._docker.write_json(f"{POLICY}/site.json", SITE)
            self.canaries.prepare()
            self._import("registry.example.com/team/app", "CMD sh")
            self._import("registry.example.com/team/data", "VOLUME /v")
            self._player = Player(self._docker, self.canaries)
        except BaseException:
            self._down()
            raise
        if self._profile != UNGUARDED:
            profile, self._profile = self._profile, UNGUARDED
            self.guard(profile)

    def _down(self) -> None:
        self.canaries.end()
        self._docker.__exit__(None, None, None)

    def _import(self, repository: str, change: str) -> None:
        stream = io.BytesIO(busybox())
        with tarfile.open(fileobj=stream, mode="a") as tar:
            files = {"bin/look": (HERE / "look.sh").read_text(), "lib/canaries": self.canaries.list_for_look()}
            for name, text in files.items():
                entry = tarfile.TarInfo(name)
                entry.mode, entry.size = 0o755, len(text)
                tar.addfile(entry, io.BytesIO(text.encode()))
            for applet in ("cut", "mv"):
                link = tarfile.TarInfo(f"bin/{applet}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
        import_image(self._docker.socket, f"{repository}:1", stream.getvalue(), change)

    def guard(self, profile: str) -> None:
        """Let Portero guard dockerd under a profile; `none` takes it away."""
        if profile == self._profile:
            return
        if self._profile == UNGUARDED:
            self._docker.start_plugin(serve(profile))
            self._docker.guard()
        elif profile == UNGUARDED:
            self._docker.unguard()
            self._docker.stop_plugin()
        else:
            self._docker.replace_plugin(serve(profile))
        self._profile = profile
        wait_until(lambda: self._docker.client.ask("GET", "/_ping").status == 200, "dockerd does not answer")
        self.canaries.noticed()

    def play(self, steps: Sequence[Step]) -> Played:
        """Play a sequence. A daemon that has loaded a container's plugin goes on asking it: it is thrown away."""
        played = self._player.play(steps)
        if PLUGIN_LOADED in played.ways:
            player = self._player
            self._down()
            player.end()
            self._up()
        return played
