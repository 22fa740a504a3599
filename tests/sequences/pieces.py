"""The kit that sequences are made of: harmless parts, and dangerous ones, each under the theme that it belongs to.

A theme only makes its pieces likelier; every piece can turn up in every sequence. pieces.json has them: what a person
would type, and the part of the body that it becomes. {device} is the host's block device.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .canaries import BRIDGE, NOTIFY, STREAM
from .steps import Piece

_TEXT = Path(__file__).with_suffix(".json").read_text()
_KIT: Any = json.loads(_TEXT.replace("{bridge}", BRIDGE).replace("{notify}", NOTIFY).replace("{stream}", STREAM))


def _themed(pieces: Mapping[str, Sequence[Any]]) -> dict[str, list[Piece]]:
    return {theme: [Piece(*piece) for piece in kit] for theme, kit in pieces.items()}


THEMES = (
    *("plugins", "plugins", "swaps", "swaps", "parents", "sockets", "mounts", "namespaces", "networks", "logs"),
    *("objects", "passed", "passed", "waiting", "mixed"),
)
APP = "registry.example.com/team/app:1"
DATA = "registry.example.com/team/data:1"  # declares VOLUME /v
LATE = "registry.example.com/team/late:1"  # is missing until something is tagged so
# Their containers mount folders above and below each other.
SWAPPING = ("swaps", "passed", "waiting")
# A service that tries anew.
TRIES_ANEW = Piece(
    "--restart-condition any --restart-delay 1s",
    {"TaskTemplate": {"RestartPolicy": {"Condition": "any", "Delay": 10**9}}},
)
TARGETS = ("/v", "/w", "/x")
# Sources of bind mounts; what a container that wants nothing special mounts; what the site lets containers write to.
SOURCES: Mapping[str, Sequence[str]] = _KIT["sources"]
HARMLESS = ("/srv/app", *SOURCES["swaps"][:2], "/srv/www", "/home/alicia/d", "/home/bruno/d", "/usr/share/zoneinfo")
WRITABLE = frozenset({"/srv/app", "/srv/app/data", "/srv/app/data/deep"})
LINK_TARGETS = ("/", "/etc", "/root", "/var/lib/docker", "/proc/1/root", "/opt", "/srv/logs")
NAMED_VOLUMES = ("v0", "v1")
# Where the volumes of a container lie, as dockerd finds a plugin by a path: joined onto its plugin folder.
UP = "../../.."
SOCKET_NAMES = ("evil", "x")
VERSIONS = ("1.24", "1.40", "1.41", "1.43", "1.44", "1.45")
# Flags of `docker run` beside mounts and networks; options of networks and volumes.
CONTAINER_FLAGS = _themed(_KIT["containers"])
RESTARTS, EXECS, UPDATES = ([Piece(*piece) for piece in _KIT[kit]] for kit in ("restarts", "execs", "updates"))
NETWORK_PIECES = _themed(_KIT["networks"])
VOLUME_OPTIONS: Sequence[Mapping[str, str]] = _KIT["volumeOptions"]
# What else can be asked of the daemon: method, target.
REQUESTS: Sequence[tuple[str, str]] = _KIT["requests"]
