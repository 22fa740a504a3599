"""What Docker's IDs, digests, modes of namespaces and types of mounts look like, and labels of Compose."""

import re
from collections.abc import Callable


def _compare(pattern: str) -> Callable[[str], bool]:
    """Whether a whole text is so."""
    fullmatch = re.compile(pattern).fullmatch
    return lambda text: fullmatch(text) is not None


# The whole ID of a container, an image, a local network or an anonymous volume, but not a swarm's; and what Docker may
# take for the beginning of a container's, which is not the whole one.
is_id, may_begin_id = _compare(r"[0-9a-f]{64}"), _compare(r"[0-9a-f]{1,63}")
# A swarm's ID (moby/swarmkit identity/randomid.go) has 25 digits to base 36: the beginning of that of a service.
may_begin_swarm_id = _compare(r"[0-9a-z]{1,24}")
# What looks like a network's ID, whole or cut to the length that Docker shows, and where nothing is cut off.
is_network_id = _compare(r"[0-9a-z]{25}|[0-9a-f]{12,64}")
is_whole_network_id = _compare(r"[0-9a-z]{25}|[0-9a-f]{64}")
# What Docker may take for the beginning of one: it completes any that no network has as its name.
may_begin_network_id = _compare(r"[0-9a-z]{1,25}|[0-9a-f]{1,64}")
# What looks like a swarm's ID, or like the beginning of a local network's, as command lines show it. A whole one of a
# swarm counts: a container joins a local network of that name instead of that network (docker-facts 8.11).
looks_shown = _compare(r"[0-9a-z]{12,25}|[0-9a-f]{26,63}")
# The SHA-256 of an image, as registries write it.
is_digest = _compare(r"sha256:[0-9a-f]{64}")

# What a mode of a namespace begins with that is a container's, or one at a path.
JOINING, AT_PATH = "container:", "ns:"

# Compose gives them to the containers that it makes.
COMPOSE_PROJECT, COMPOSE_SERVICE = "com.docker.compose.project", "com.docker.compose.service"

MOUNT_TYPES = frozenset({"bind", "volume", "tmpfs", "image", "cluster", "npipe"})
WITHOUT_HOST_PATH = frozenset({"tmpfs", "image", "npipe"})


def find_namespace_owner(mode: str) -> str | None:
    """What a mode calls the container whose namespace it names, also nothing; None: it names none.

    "container" without a colon is not the mode (containerID in moby api/types/container/hostconfig.go).
    """
    return mode.removeprefix(JOINING) if mode.startswith(JOINING) else None
